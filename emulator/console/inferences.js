// Inferences: the live list with its search and histogram, and beside it one of them.

import {apiRoot, curl, get} from "./api.js";
import {Bars, outcomes, Totals} from "./charts.js";
import {Inference} from "./inference.js";
import {chosen, filtersOf, Records, searched} from "./records.js";
import * as ui from "./ui.js";
import {go, href, html, into, link, number, useEffect} from "./ui.js";

const ROW = 48;
const SPARE = 8;
const OUTCOMES = ["completed", "failed", "hung up", "cut by client", "running"];
const FILTERS = "status:429 outcome:failed model:*GLM* key:akml-mine scenario:hello rule:hello/greeting \
endpoint:chat since:2026-01-31T12:00:00Z".split(" ");

export default function Inferences() {
	const {id, query} = ui.useValue(ui.route);
	const filters = chosen(query);
	const records = ui.useMemo(() => new Records(filters), [JSON.stringify(filters)]);
	useEffect(() => records.start(), [records]);
	ui.useValue(records.changed);
	const close = event => {
		if (event.key !== "Escape" || !id) return;
		go("inferences", null, filters);
		document.querySelector(".rows")?.focus();
	};
	return ui.split(
		id,
		"inference",
		html`<${Search} filters=${filters} /><${Bars} usage=${records.usage} filters=${filters} />
			<${List} records=${records} filters=${filters} id=${id} />`,
		id
			? html`<${Inference} key=${id} id=${id} records=${records} filters=${filters} />`
			: html`<${Overview} records=${records} filters=${filters} />`,
		{onKeyDown: close},
	);
}

function Search({filters}) {
	const text = searched(filters);
	const [draft, set] = ui.useState(text);
	useEffect(() => set(text), [text]);
	const keep = found => go("inferences", null, found, true);
	const submit = () => keep(filtersOf(draft));
	const keys = event => {
		if (event.key === "Escape" && draft) {
			event.stopPropagation();
			keep({});
			set("");
		} else if (event.key === "ArrowDown") {
			event.preventDefault();
			document.querySelector(".rows")?.focus();
		}
	};
	return html`<form class="search" role="search" onSubmit=${ui.submitted(submit)}>
		<input id="search" type="search" aria-label="Search the inferences" autocomplete="off" spellcheck=${false}
			placeholder="Search, or status:429 model:*GLM*" value=${draft} onInput=${into(set)} onChange=${submit}
			onKeyDown=${keys} />
		<${ui.Select} aria-label="Outcome" value=${filters.outcome?.split(":")[0] ?? ""}
			of=${[["", "any outcome"], ...OUTCOMES]} pick=${outcome => keep({...filters, outcome})} />
		<details class="help"><summary>How to search</summary>
			<p>Words are looked for in requests, answers, models and messages. Filters are set beside them:</p>
			<p>${FILTERS.map(each => html`<code>${each}</code> `)}</p></details>
	</form>`;
}

function List({records, filters, id}) {
	const changed = records.changed.value;
	const {list, error, live, loading} = records;
	const box = ui.useRef();
	const [view, setView] = ui.useState({top: 0, height: 800});
	const [cursor, setCursor] = ui.useState(null);
	const here = each => (id ? String(each.number) === id || each.id === id : each.number === cursor?.number);
	const at = list.findIndex(here);
	const newest = ui.useRef(list[0]?.number);
	const look = () => box.current && setView({top: box.current.scrollTop, height: box.current.clientHeight});

	useEffect(() => {
		const observer = new ResizeObserver(look);
		if (box.current) observer.observe(box.current);
		return () => observer.disconnect();
	}, [list.length > 0]);

	// What comes in above does not move what is read.
	useEffect(() => {
		const came = list.findIndex(each => each.number === newest.current);
		if (came > 0 && box.current?.scrollTop > 0) box.current.scrollTop += came * ROW;
		newest.current = list[0]?.number;
	}, [changed]);

	// What was chosen is in view as soon as the list is as long as that.
	useEffect(() => {
		if (!cursor || !box.current) return;
		const {scrollTop, clientHeight} = box.current;
		const top = list.findIndex(each => each.number === cursor.number) * ROW;
		box.current.scrollTop = Math.max(top + ROW - clientHeight, Math.min(top, scrollTop));
	}, [cursor]);

	const choose = (index, open) => {
		const record = list[Math.max(0, Math.min(list.length - 1, index))];
		setCursor({number: record.number});
		if (open || innerWidth >= 1024) go("inferences", record.number, filters, !open || id != null);
	};
	const keys = async event => {
		const page = Math.floor(view.height / ROW);
		const steps = {ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity};
		const step = event.key === "End" ? Infinity : steps[event.key];
		if (event.key === "Enter") choose(at, true);
		if (!step || event.metaKey || event.ctrlKey) return;
		event.preventDefault();
		while (step === Infinity && records.next != null && list === records.list) await records.more();
		choose(at < 0 && step !== Infinity ? 0 : at + step);
	};
	const scroll = ({target}) => {
		look();
		if (target.scrollHeight - target.scrollTop < 100 * ROW) records.more();
	};

	if (error) return html`<div class="rows-empty">${ui.problem(error)}</div>`;
	if (!list.length) return html`<${Nothing} loading=${loading} filters=${filters} />`;
	const first = Math.max(0, Math.floor(view.top / ROW) - SPARE);
	const last = Math.min(list.length, Math.ceil((view.top + view.height) / ROW) + SPARE);
	const row = (record, index) => html`<${Row} key=${record.number} record=${record} place=${first + index}
		count=${list.length} chosen=${first + index === at} length=${records.lengths.get(record.number)}
		earlier=${earlier(list, first + index)} open=${() => choose(first + index, true)} />`;
	return html`<div class="rows" ref=${box} role="listbox" tabindex="0" aria-label="Inferences, newest first"
			onScroll=${scroll} onKeyDown=${keys}
			aria-activedescendant=${at >= first && at < last ? "row-" + list[at].number : undefined}>
			<div class="rows-all" role="presentation" style=${{height: list.length * ROW + "px"}}>
				${list.slice(first, last).map(row)}</div></div>
		<p class="rows-foot">${ui.plural(list.length, "inference")}${records.next != null && " and more"}
			${records.forgotten > 0 && `, ${number(records.forgotten)} forgotten`}
			<span>${live ? html`<span class="dot run"></span> live` : "not live"}</span></p>`;
}

const NEAR = 40;

/** How many attempts at the same question failed just before. */
function earlier(list, at) {
	const {question, namespace} = list[at];
	let count = 0;
	for (const each of list.slice(at + 1, at + NEAR)) {
		if (each.question !== question || each.namespace !== namespace) continue;
		if (ui.ending(each.outcome, each.status) === "ok") break;
		count++;
	}
	return count;
}

function Row({record, place, chosen, count, length, earlier, open}) {
	const {outcome, error, usage} = record;
	const kind = ui.ending(outcome, record.status);
	const model = ui.short(record.model);
	const what = error ?? (outcome === "completed" ? model : outcome);
	const sent = usage ? ui.plural(usage.completion_tokens, "token") : kind === "run" && length && `${number(length)} B`;
	const took = kind === "run" ? "running" : ui.seconds(record.ended - record.started);
	const facts = [record.endpoint, what !== model && model, record.answered_by !== error && record.answered_by];
	return html`<div id=${"row-" + record.number} class=${"row " + kind} role="option" aria-selected=${chosen}
		aria-posinset=${place + 1} aria-setsize=${count} style=${{transform: `translateY(${place * ROW}px)`}}
		onClick=${open}>
		<span class="row-status">${record.status || "–"}</span>
		<span class="row-what">${what}${earlier > 0 && html` <span class="again"
			title="The same was asked before, and failed">↻ ${earlier + 1}</span>`}</span>
		<span>${ui.time(record.started)}</span>
		<span class="row-number">#${record.number}</span>
		<span>${facts.filter(Boolean).join(" · ")}</span>
		<span>${[took, sent].filter(Boolean).join(" · ")}</span>
	</div>`;
}

function Nothing({loading, filters}) {
	if (loading) return html`<p class="rows-empty muted">Loading …</p>`;
	const filtered = Object.keys(filters).length > 0;
	return html`<div class="rows-empty">
		<p>${filtered ? "No inference passes these filters." : "Nothing was asked yet."}</p>
		<p>${filtered ? link("Show all", "inferences") : "What your program asks appears here as it comes."}</p></div>`;
}

/** What is seen while no inference is chosen. */
function Overview({records, filters}) {
	const {list, error, loading, usage} = records;
	const {value: verdict} = ui.useLoaded(async () => usage && get("verdict"), [usage]);
	if (!list.length)
		return loading || error || Object.keys(filters).length > 0
			? null
			: html`<${ui.Empty} title="Ask something" code=${curl("akml-rate-limited-then-recovers", "zai-org/GLM-5.3")}>
			<p>Point a client at <code>${apiRoot()}/v1</code>, or paste this into a shell. The key names a scenario that
				${" "}refuses the first two requests: run it three times and see the retries joined.</p>
			<p>Or ask in the ${link("playground", "playground")}.</p><//>`;
	const buckets = usage?.buckets ?? [];
	const sums = outcomes(buckets);
	const count = (kind, outcome) =>
		sums[kind] > 0 && html`<a class=${"count " + kind}
			href=${outcome && href("inferences", null, {...filters, outcome})}>
			<b>${number(sums[kind])}</b> ${outcome ?? kind}</a>`;
	const numbered = id => list.find(each => each.id === id)?.number;
	const told = ({sentence, inferences}) => html`${sentence} ${inferences.slice(0, 12).map(
		id => html`${link(numbered(id) ? "#" + numbered(id) : id.slice(0, 8), "inferences", id)} `,
	)}`;
	return html`<div class="overview">
		<p class="counts">${count("bad", "failed")}${count("ok", "completed")}${count("cut")}${count("run", "running")}</p>
		<h1>How the client behaved</h1>
		${verdict?.findings.length === 0 && verdict.remarks.length === 0 && html`<p class="good">Nothing that it did was
			${" "}a mistake, as far as the record shows.</p>`}
		${ui.findings("bad", verdict?.findings, told)}${ui.findings("note", verdict?.remarks, told)}
		<h2>Usage</h2><${Totals} buckets=${buckets} />
		<p class="muted"><kbd>j</kbd> <kbd>k</kbd> move · <kbd>Enter</kbd> open · <kbd>Esc</kbd> close ·
			${" "}<kbd>/</kbd> search</p>
	</div>`;
}
