// One inference: how it went in time, what was said, why it got that answer, and the bytes.

import {get, path, send, text} from "./api.js";
import {draft, preset, presetOf, request} from "./drafts.js";
import {Attempts, Frames, Picture} from "./timeline.js";
import * as ui from "./ui.js";
import {Code, go, href, html, link, number, quiet, seconds, tag, useState} from "./ui.js";

export function Inference({id, records, filters}) {
	const of = path`inferences/${id}`;
	const {list, lengths} = records;
	const own = list.find(each => String(each.number) === id || each.id === id);
	const attempts = list.filter(each => each.question === own?.question)
		.map(({number, outcome}) => number + outcome + lengths.get(number));
	const load = () => Promise.all(["", "/timeline", "/conversation"].map(more => get(of + more)));
	const {value, error} = ui.useLoaded(load, [id, attempts.join()], 200);
	const [record, timeline, conversation] = value ?? [];
	if (record)
		return html`${ui.problem(error)}
			<${Shown} record=${record} timeline=${timeline} conversation=${conversation} filters=${filters} />`;
	return ui.lost("inferences", error, filters);
}

function Shown({record, timeline, conversation, filters}) {
	const [tab, pick] = useState("conversation");
	const tabs = {
		conversation: ["Conversation", null, () => html`<${Conversation} told=${conversation} record=${record} />`],
		why: ["Why", record.rules.length || null, () => html`<${Why} record=${record} />`],
		frames: ["Frames", timeline.frames.length || null, () => html`<${Frames} timeline=${timeline} />`],
		request: ["Request", null, () => bytes("request", Object.entries(record.headers), record.body, record.body_cut)],
		response: ["Response", null, () =>
			bytes("response", record.response_headers, record.response, record.response_cut)],
	};
	return html`<article class="record">
		${ui.heading("inferences", html`<span class="muted">#${record.number}</span> ${tag(record.status || "no status",
			ui.ending(record.outcome, record.status))}${record.error ?? record.outcome}`, actions(record), filters)}
		<p class="why">${record.why}</p>
		${record.warning && html`<p class="warning">${record.warning}</p>`}
		<${Facts} record=${record} timeline=${timeline} />
		<section class="picture" aria-label="Timeline">
			<${Attempts} timeline=${timeline} number=${record.number} />
			<${Picture} timeline=${timeline} record=${record} />
			${ui.findings("bad", timeline.findings)}${ui.findings("note", timeline.remarks)}</section>
		<${ui.Tabbed} label="What is known" tabs=${tabs} current=${tab} pick=${pick} />
	</article>`;
}

const bytes = (of, headers, text, cut) => html`
	<details class="headers"><summary>${ui.plural(headers.length, "header")}</summary>
		<table class="plain"><tbody>${headers.map(
			([name, value]) => html`<tr><th>${name}</th><td class="mono">${value}</td></tr>`,
		)}</tbody></table></details>
	<${Code} json tall label=${of + " body"} text=${ui.pretty(text) || "(empty)"} />
	${cut && html`<p class="warning">The body was longer: this is its beginning.</p>`}`;

function actions(record) {
	const asked = record.request;
	const exported = format => () => text(path`inferences/${record.id}` + `?format=${format}`);
	const hand = (to, value, page, id) => {
		to.value = value;
		go(page, id);
	};
	const save = () => ui.attempt(async () => hand(draft, await exported("scenario")(), "scenarios", "new"));
	const keep = () => hand(preset, presetOf(asked), "presets", "new");
	const dialect = record.endpoint === "messages" ? "messages" : "chat";
	const open = () => hand(request, {dialect, body: asked}, "playground");
	const replay = () =>
		ui.attempt(async () => {
			const {number} = await send("POST", path`inferences/${record.id}/replay`, {});
			go("inferences", number);
		}, "Asked again");
	const copy = (format, label = format) => html`<${ui.Copy} text=${exported(format)} label=${label} />`;
	return html`
		<span class="group muted">Copy as ${copy("curl")}${copy("python", "Python")}${copy("node", "Node")}</span>
		<span class="group muted">Save as ${quiet("Scenario", save)}${asked?.model && quiet("Preset", keep)}</span>
		<span class="group">${asked?.messages && quiet("Playground", open)}
			${quiet("Replay", replay, {disabled: record.body_cut})}</span>`;
}

function Facts({record, timeline}) {
	const {usage} = record;
	const filter = (name, value, shown = value) =>
		html`<a href=${href("inferences", null, {[name]: value})} title="Show only these">${shown}</a>`;
	const part = (name, count) => count > 0 && html` <small>(${number(count)} ${name})</small>`;
	return ui.facts([
		["Model", record.model && filter("model", record.model, ui.short(record.model))],
		["Endpoint", html`${filter("endpoint", record.endpoint)} ${record.stream ? "streamed" : "whole"}`],
		["Key", record.key ? filter("namespace", record.namespace, record.key) : "none"],
		["Answered by", record.rules.length ? filter("rule", record.answered_by) : record.answered_by],
		["Reply", record.turn?.replies > 1 ? `${record.turn.reply} of ${record.turn.replies}` : null],
		["Took", record.ended == null ? "running" : seconds(record.ended - record.started)],
		["First token", timeline.first_token != null ? seconds(timeline.first_token) : null],
		["Queued", timeline.queued ? seconds(timeline.queued) : null],
		["Tokens", usage && html`${number(usage.prompt_tokens)} → ${number(usage.completion_tokens)}
			${part("reasoning", usage.reasoning_tokens)}${part("cached", usage.cached_tokens)}`],
		["Cost", record.charge && ui.money(record.charge)],
		["At", html`<time title=${ui.day(record.started)}>${ui.time(record.started, true)}</time>`],
		["Id", html`<code class="id">${record.id}</code>`],
	]);
}

export const turn = (who, what, kind = "") =>
	html`<div class=${"turn " + kind}><h3>${who}</h3><div>${what}</div></div>`;
export const calls = made => made.map(call => html`<div class="call"><b>${call.name}</b>
	${" "}<small class="muted">${call.id}</small>
	<${Code} json label="arguments" text=${ui.pretty(call.arguments)} /></div>`);
export const ended = finish => html`answer${finish && html`<small>${finish}</small>`}`;
export const reasoned = (text, open = false) =>
	text && html`<details class="reasoning" open=${open}><summary>Reasoning</summary><p>${text}</p></details>`;

function Conversation({told, record}) {
	const {messages, choices, problems} = told;
	const running = record.outcome === "running";
	return html`<div class="talk">
		${messages.map(({role, text, others}) => turn(role, html`${text && html`<p>${text}</p>`}
			${others.length > 0 && html`<p>${others.map(other => tag(other))}</p>`}`))}
		${choices.map(choice => html`<${Answer} ...${choice} />`)}
		${record.error && turn("error", html`<p>${record.error}: ${record.message}</p>`, "failed")}
		${!choices.length && !record.error && turn("answer",
			html`<p class="muted">${running ? "Nothing yet." : "There is no answer."}</p>`)}
		${problems.map(each => html`<p class="warning">${each}</p>`)}
	</div>`;
}

function Answer({text, reasoning, tool_calls, finish, tokens}) {
	const [marked, mark] = useState(false);
	const toggle = {"aria-pressed": String(marked)};
	return turn(
		ended(finish),
		html`${reasoned(reasoning)}
			${tokens && quiet("Log probabilities", () => mark(!marked), toggle)}
			${text && (marked ? html`<${Probable} tokens=${tokens} />` : html`<p>${text}</p>`)}
			${calls(tool_calls)}`,
		"answer",
	);
}

/** A token, coloured by how unlikely it is: 0 (certain) to 4. */
const token = ({token, logprob = 0}, at) => html`<span key=${at} data-at=${at}
	class=${"token doubt-" + [-0.05, -0.5, -1.5, -3].filter(limit => logprob < limit).length}>${token}</span>`;

/** Tokens; pointing or arrow keys choose one, whose alternatives are shown. */
export function Probable({tokens}) {
	const [chosen, choose] = useState(null);
	// There may come more: what was shown is not made again.
	const spans = ui.useMemo(() => [], [tokens]);
	for (const each of tokens.slice(spans.length)) spans.push(token(each, spans.length));
	const point = ({target}) => target.dataset.at && choose(Number(target.dataset.at));
	const keys = event => {
		const step = {ArrowRight: 1, ArrowLeft: -1 }[event.key];
		if (!step) return;
		event.preventDefault();
		choose(at => Math.max(0, Math.min(tokens.length - 1, (at ?? -1) + step)));
	};
	const taken = tokens[chosen];
	const likely = ({token, logprob = 0}) => {
		const share = Math.exp(logprob);
		return html`<span class=${token === taken.token ? "taken" : ""}><code>${JSON.stringify(token)}</code>
			<meter min="0" max="1" value=${share} aria-label=${token}></meter>
			${number(Math.round(share * 1000) / 10)} %</span>`;
	};
	return html`<div class="probable"><p tabindex="0" role="group" aria-label="Tokens; arrow keys move between them"
		onMouseOver=${point} onKeyDown=${keys} onFocus=${() => chosen ?? choose(0)}>${spans}</p>
		<div class="alternatives" aria-live="polite">${
			taken
				? (taken.top?.length ? taken.top : [taken]).map(likely)
				: html`<span class="muted">Point at a token to see its alternatives.</span>`
		}</div></div>`;
}

/** Why it got its answer, and what another scenario would make of it. */
function Why({record}) {
	const [other, choose] = useState("");
	const [position, place] = useState("");
	const {value: known} = ui.useLoaded(() => get("scenarios"));
	const told = {inference: String(record.number), ...(other && {scenario: other}), ...(position && {position})};
	const explain = async () => (other || position) && send("POST", "explain", told);
	const {value: explained, error} = ui.useLoaded(explain, [other, position, record.id]);
	const shown = other || position ? explained : record;
	const scenario = other || shown?.scenario;
	const names = (known?.scenarios ?? []).map(({name}) => name);
	const pick = name => {
		choose(name);
		place(name ? position || "start" : position === "start" ? "" : position);
	};
	return html`<div class="row-fields">
			<${ui.Field} label="Explain against"><${ui.Select} value=${other} pick=${pick}
				of=${[["", position ? "what plays for the key" : "what answered"], ...names]} /><//>
			<${ui.Field} label="Position"><${ui.Select} value=${position} pick=${place}
				of=${[other ? ["start", "at its start"] : ["", "as it was then"], ["now", "where the key is now"]]} /><//>
			${scenario && link("Edit the scenario", "scenarios", scenario, {run: record.number}, "button")}</div>
		${ui.problem(error)}
		${shown && html`<${Explained} told=${shown} scenario=${scenario} run=${record.number} />`}
		${shown?.rules?.length === 0 && html`<p class="muted">No rules were asked. A key such as <code>akml-hello</code>,
			${" "}the header <code>X-Emulator-Scenario</code>, or a scenario that is activated chooses one.</p>`}`;
}

export function Explained({told, scenario, run}) {
	const {why, turn, position, message, retry_after: after, mistakes = [], warning, rules} = told;
	const recorded = told.number != null;
	const states = Object.entries(turn?.states ?? position?.states ?? {}).map(([name, value]) => `${name}: ${value}`);
	const given = (position?.turns ?? []).map(each => `${each.rule}: ${each.given} of ${each.replies} given`);
	const tags = [turn?.replies > 1 && `reply ${turn.reply} of ${turn.replies}`, ...states, ...given].filter(Boolean);
	return html`${tags.length > 0 && html`<p class="turns">${tags.map(each => tag(each))}</p>`}
		${!recorded && html`<p>${why}</p>
			${message && html`<p class="message">${message}${after != null && ` Retry after ${seconds(after)}.`}</p>`}
			${warning && html`<p class="warning">${warning}</p>`}`}
		${mistakes.map(ui.problem)}
		<ol class="rules">${rules.map(({rule, result, line, reasons}) => html`
			<li class=${"rule-" + result.replace(" ", "-")}><span class="mark" aria-hidden="true">${MARKS[result]}</span>
				<div><b>${rule}</b> <span class="result">${result}</span>
				${line > 0 && scenario && html` ${link(`line ${line}`, "scenarios", scenario, {line, run})}`}
				${reasons.length > 0 && html`<ul>${reasons.map(reason => html`<li>${reason}</li>`)}</ul>`}</div></li>`)}</ol>`;
}

const MARKS = {answered: "✓", "passed over": "↷", differs: "≠", "comes later": "·"};
