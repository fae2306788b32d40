// What all pages share: markup, state, the route, small components, and how values are written.

import {h, htm, useEffect, useMemo, useRef, useState} from "./vendor/preact.js";
import {parsed, path, query, send} from "./api.js";

export * from "./vendor/preact.js";
export const html = htm.bind(h);

/** A value that several components show. Who listens is told it, and each change. */
export function signal(value) {
	const listeners = new Set();
	return {
		get value() {
			return value;
		},
		set value(changed) {
			value = changed;
			for (const tell of listeners) tell(value);
		},
		listen(tell) {
			listeners.add(tell);
			tell(value);
			return () => listeners.delete(tell);
		},
	};
}

/** The value of a signal; who uses it is rendered again when it changes. */
export function useValue(of) {
	const [, set] = useState(of.value);
	useEffect(() => of.listen(set), [of]);
	return of.value;
}

// --- the route

function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

function read() {
	const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
	const [page, ...rest] = path.split("/").map(decoded);
	const query = Object.fromEntries(new URLSearchParams(search));
	return {page: page || "inferences", id: rest.join("/") || null, query};
}

export const route = signal(read());
addEventListener("hashchange", () => (route.value = read()));

export const href = (page, id = null, values = {}) =>
	`#/${page}${id == null ? "" : "/" + encodeURIComponent(id)}${query(values)}`;

export const link = (text, page, id, values, kind) =>
	html`<a class=${kind} href=${href(page, id, values)}>${text}</a>`;

/** Go to a page. `replace` leaves no step behind in the browser's history. */
export function go(page, id, values, replace = false) {
	const hash = href(page, id, values);
	if (hash === location.hash) return;
	if (replace) {
		history.replaceState(null, "", hash);
		route.value = read();
	} else location.hash = hash;
}

/** What was typed and not saved yet, by the page that it belongs to. */
export const unsaved = new Map();
addEventListener("beforeunload", event => unsaved.size && event.preventDefault());

// --- what is said

export const notice = signal(null);
let noticeEnds;

/** Tell the person something for a few seconds. */
function say(text, kind) {
	clearTimeout(noticeEnds);
	notice.value = {text, kind};
	noticeEnds = setTimeout(() => (notice.value = null), 5000);
}

/** Do something, and say `done` or what went wrong; returns whether it went well. */
export async function attempt(action, done) {
	notice.value = null;
	try {
		await action();
		if (done) say(done, "ok");
		return true;
	} catch (error) {
		say(error.message, "bad");
		return false;
	}
}

/** What a promise brings: {value, error, again}. It is asked anew when `on` changes, and stays so for `pause` ms. */
export function useLoaded(load, on = [], pause = 0) {
	const [state, set] = useState({});
	const turn = useRef(0);
	// A server that is not reached may come back.
	const gone = state.error?.status === 0 && state.error;
	const again = async () => {
		const mine = ++turn.current;
		const told = more => mine === turn.current && set(more);
		await load().then(
			value => told({value}),
			error => told(before => ({...before, error})),
		);
	};
	useEffect(() => {
		const timer = gone || state.value ? setTimeout(again, gone ? 3000 : pause) : again();
		return () => {
			turn.current++;
			clearTimeout(timer);
		};
	}, [...on, gone]);
	return {...state, again};
}

// --- how values are written

const digits = (value, most) => value.toLocaleString("en", {maximumFractionDigits: most});

export function seconds(value) {
	if (value == null) return "–";
	if (value < 0) return "−" + seconds(-value);
	if (value === 0) return "0 ms";
	if (value < 0.001) return `${digits(value * 1e6, 0)} µs`;
	if (value < 1) return `${digits(value * 1000, value < 0.01 ? 1 : 0)} ms`;
	if (value < 100) return `${digits(value, value < 10 ? 2 : 1)} s`;
	if (value < 7200) return `${digits(value / 60, 1)} min`;
	return `${digits(value / 3600, 1)} h`;
}

const iso = unix => (Math.abs(unix) < 8e12 ? new Date(unix * 1000).toISOString() : "");
export const time = (unix, fraction = false) => iso(unix).slice(11, fraction ? 23 : 19);
export const day = unix => iso(unix).slice(0, 10);
export const number = value => (value == null ? "–" : digits(value, 6));
export const perMillion = price => (price == null ? "–" : "$" + number(Number(price) * 1e6));
export const plural = (count, one) => `${number(count)} ${one}${count === 1 ? "" : "s"}`;
export const short = model => (model ?? "no model").split(/\/|--/).pop();
export const words = text => text.split(",").map(each => each.trim()).filter(Boolean);
export const indented = value => JSON.stringify(value, null, 2);

/** An amount such as "0.0000130 USD" as a price tag, with at least two decimals. */
export function money(amount) {
	if (amount == null) return "–";
	const [whole, decimals = ""] = String(amount).replace(/\s*USD$/, "").split(".");
	return `$${whole}.${decimals.replace(/0+$/, "").padEnd(2, "0")}`.replace("$-", "−$");
}

export function pretty(text) {
	const value = parsed(text);
	return value === null ? text : indented(value);
}

/** One of ok, bad, cut, run: how an inference ended. */
export function ending(outcome, status) {
	if (outcome === "running") return "run";
	if (outcome === "completed") return status >= 400 ? "bad" : "ok";
	return outcome.startsWith("failed") ? "bad" : "cut";
}

// --- components

export const into = set => event => set(event.target.value);
/** What submits a form without leaving the page. */
export const submitted = action => event => {
	event.preventDefault();
	return action(event.target);
};
export const button = (label, onClick, kind, more) =>
	html`<button type="button" class=${kind} onClick=${onClick} ...${more}>${label}</button>`;
export const quiet = (label, onClick, more) => button(label, onClick, "quiet", more);
export const tag = (text, kind = "") => html`<span class=${"tag " + kind}>${text}</span> `;
export const contains = (texts, words) => texts.join(" ").toLowerCase().includes(words.toLowerCase());

/** What was found of a kind, such as "bad": those of a name together, each told by `tell`. */
export const findings = (kind, found = [], tell = ({sentence}) => sentence) =>
	Object.entries(Object.groupBy(found, ({name}) => name)).map(([name, same]) => html`
		<div class=${"finding " + kind}><b>${name}</b>
			${same.slice(0, MOST_FINDINGS).map(each => html`<p>${tell(each)}</p>`)}
			${same.length > MOST_FINDINGS && html`<p>and ${number(same.length - MOST_FINDINGS)} more</p>`}</div>`);
const MOST_FINDINGS = 10;

/** Arrow keys, j and k move the focus between the elements that `selector` finds. */
export const moves = selector => event => {
	const step = {ArrowRight: 1, ArrowDown: 1, j: 1, ArrowLeft: -1, ArrowUp: -1, k: -1 }[event.key];
	const items = [...event.currentTarget.querySelectorAll(selector)];
	const at = items.indexOf(document.activeElement);
	if (!step || at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
	event.preventDefault();
	items[(at + step + items.length) % items.length].focus();
};

/** A list, and beside it what is chosen of it; a narrow screen shows one of them. */
export const split = (id, name, list, detail, more) => html`
	<div class=${"split" + (id ? " open" : "")} ...${more}>
		<section class="side" aria-label=${`List of ${name}s`}>${list}</section>
		<section class="detail" aria-label=${name}>${detail}</section>
	</div>`;

export const heading = (page, title, actions, filters) => html`<header class="record-head">
	${link("‹ All", page, null, filters, "back")}<h1>${title}</h1><div class="actions">${actions}</div></header>`;

const focused = node => node?.focus();

/** A button that asks once more, in its place, before it does what cannot be undone. */
export function Sure({label, ask = label + "?", act, kind = "danger"}) {
	const [asked, set] = useState(null);
	const no = () => set(false);
	if (!asked) return button(label, () => set(true), kind, {ref: asked === false ? focused : null});
	return html`<span class="group" role="group" aria-label=${ask} onKeyDown=${({key}) => key === "Escape" && no()}>
		${ask} ${quiet("Yes", () => no(act()))}${quiet("No", no, {ref: focused})}</span>`;
}

export const remover = (page, name, changed, what = name) => {
	const remove = async () => {
		await send("DELETE", page + path`/${name}`);
		unsaved.delete(`${page}/${name}`);
		changed();
		go(page);
	};
	return html`<${Sure} label="Delete" ask=${`Delete ${what}?`} act=${() => attempt(remove, `Deleted: ${name}`)} />`;
};

/** A list with what is above and below it. */
export const stories = (page, current, items, above, below) => html`
	<div class="search">${above}${link("New", page, "new", {}, "button")}</div>
	<ul class="stories" onKeyDown=${moves("a")}>${items.map(
		({name, tags, about}) => html`<li key=${name}>
			<a href=${href(page, name)} aria-current=${name === current ? "true" : undefined}>
				<span class="story-name"><b>${name}</b><span class="tags">${tags}</span></span>
				<span class="about">${about}</span></a></li>`,
	)}</ul><p class="rows-foot">${plural(items.length, page.slice(0, -1))}<span>${below}</span></p>`;

/** A table; a column whose name begins with # is of numbers. A row is a list of cells, or markup. */
export function table(head, rows, kind = "cards") {
	const align = head.map(name => (name[0] === "#" ? "num" : ""));
	const names = head.map(name => name.replace("#", ""));
	const heads = html`<tr>${names.map((name, at) => html`<th class=${align[at]}>${name}</th>`)}</tr>`;
	const cells = (cell, at) => html`<td class=${align[at]} data-name=${names[at]}>${cell}</td>`;
	return html`<div class="scroll" tabindex="0" role="region" aria-label=${names.join(", ")}>
		<table class=${"plain " + kind}><thead>${heads}</thead>
		<tbody>${rows.map(row => (Array.isArray(row) ? html`<tr>${row.map(cells)}</tr>` : row))}</tbody></table></div>`;
}

/** Names with values below them; a value that is null is left out. */
export const facts = pairs => html`<dl class="facts">${pairs.map(
	([name, value]) => value != null && html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
)}</dl>`;

export const problem = error => error && html`<p class="problem" role="alert">${error.message}</p>`;

/** What is shown of something that is not there. */
export const lost = (page, error, filters) =>
	error && html`<div class="page">${problem(error)}<p>${link(`All ${page}`, page, null, filters)}</p></div>`;

export const Empty = ({title, children, code}) =>
	html`<div class="empty"><h2>${title}</h2>${children}${code && html`<${Code} text=${code} label="example" />`}</div>`;

export const Copy = ({text, label = "Copy", what = label}) =>
	quiet(label, () => attempt(async () => written(await text()), `Copied: ${what}`));

async function written(text) {
	if (navigator.clipboard) return navigator.clipboard.writeText(text);
	// A page of another host without TLS has no clipboard but this.
	const area = Object.assign(document.createElement("textarea"), {value: text});
	document.body.append(area);
	area.select();
	document.execCommand("copy");
	area.remove();
}

export const Code = ({text, json = false, tall = false, label}) => html`<div class="code">
	<${Copy} text=${() => text} what=${label} />
	<pre tabindex="0" role="region" aria-label=${label} class=${tall ? "tall" : ""}>
		${json && text.length < 300_000 ? coloured(text, JSON_PARTS) : text}</pre></div>`;

const JSON_PARTS =
	/(?<name>"(?:[^"\\]|\\.)*"(?=\s*:))|(?<text>"(?:[^"\\]|\\.)*")|(?<value>-?\d[\d.eE+-]*|\b(?:true|false|null)\b)/g;

/** A text in colours: `parts` finds each in a group with the name of its kind. */
export function coloured(text, parts) {
	const shown = [];
	let at = 0;
	for (const {0: part, index, groups} of text.matchAll(parts)) {
		const kind = Object.keys(groups).find(name => groups[name] != null);
		shown.push(text.slice(at, index), html`<span class=${"code-" + kind}>${part}</span>`);
		at = index + part.length;
	}
	return [...shown, text.slice(at)];
}

/** A list of tabs; `tabs` are [id, label, count]. Arrow keys move between them. */
export const Tabs = ({tabs, current, pick, label}) => html`
	<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${moves("button")}>${tabs.map(
		([id, text, count]) => html`<button type="button" role="tab" key=${id} tabindex=${id === current ? 0 : -1}
			aria-selected=${id === current} onClick=${() => pick(id)} onFocus=${() => pick(id)}>
			${text}${count != null && html` <small>${count}</small>`}</button>`,
	)}</div>`;

/** Tabs with what they show: `tabs` has of each id [label, count, what makes it]. */
export const Tabbed = ({tabs, current, ...more}) => html`
	<${Tabs} tabs=${Object.entries(tabs).map(([id, tab]) => [id, ...tab])} current=${current} ...${more} />
	<div role="tabpanel" class="tab-panel" aria-label=${tabs[current][0]}>${tabs[current][2]()}</div>`;

let fields = 0;
export function Field({label, hint, children}) {
	const id = useMemo(() => "field-" + fields++, []);
	const control = h(children.type, {...children.props, id, "aria-describedby": hint ? id + "-hint" : undefined});
	return html`<div class="field"><label for=${id}>${label}</label>${control}
		${hint && html`<small id=${id + "-hint"}>${hint}</small>`}</div>`;
}

/** A form of text fields [name, label, what the input has]; `act` takes what they say, and the form. */
export const Form = ({fields, act, kind = "row-fields", children}) => html`
	<form class=${kind} onSubmit=${submitted(form => act(Object.fromEntries(new FormData(form)), form))}>
		${fields.map(([name, label, more]) => html`<${Field} key=${name} label=${label}>
			<input name=${name} autocomplete="off" ...${more} /><//>`)}${children}</form>`;

/** A choice of one of `of`: values, or [value, label]; a label may begin a list. */
export const Select = ({of, pick, value, ...more}) => html`
	<select value=${value} onChange=${into(pick)} ...${more}>${of.map(each => {
		const [value, label = value] = [each].flat(2);
		return html`<option value=${value}>${label}</option>`;
	})}</select>`;

export function JsonField({label, text, set}) {
	const mistake = mistakeIn(text);
	return html`<${Field} label=${label + ", as JSON"} hint=${mistake}><textarea class="mono" rows="8" spellcheck=${false}
		aria-invalid=${mistake !== null} value=${text} onInput=${into(set)}></textarea><//>`;
}

export function mistakeIn(text) {
	try {
		if (text.trim()) JSON.parse(text);
		return null;
	} catch (error) {
		return error.message;
	}
}

export const Search = ({what, hint, value, set}) => html`
	<input id="search" type="search" aria-label=${`Search the ${what}`} placeholder=${`Search, such as ${hint}`}
		value=${value} onInput=${into(set)} />`;
