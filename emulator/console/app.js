// The frame of all pages: the bar with the pages and the clock, and the page of the address.

import {get} from "./api.js";
import {href, html, link, notice, problem, render, route, useEffect, useLoaded, useState, useValue} from "./ui.js";

const PAGES = ["inferences", "playground", "presets", "scenarios", "models", "settings"];
const loaded = {};
const titled = name => name[0].toUpperCase() + name.slice(1);

/** The server's clock and scenario, asked every few seconds while the page is seen. */
function Server() {
	const {value, error, again} = useLoaded(() => Promise.all([get("clock"), get("ready")]));
	useEffect(() => void setInterval(() => document.hidden || again(), 3000), []);
	if (error)
		return html`<p class="server" role="status" title=${error.message}><span class="dot bad"></span>
			${error.status ? "not ready" : "not reached"}</p>`;
	if (!value) return null;
	const [{mode, rate, now}, {scenario}] = value;
	const speed = mode === "frozen" ? "frozen" : rate !== 1 && `×${rate}`;
	return html`<p class="server">
		<span class="dot ok"></span>
		${scenario && html`<a href=${href("scenarios", scenario)}
			title="The scenario that plays for keys that name no other">${scenario}</a>`}
		<a href="#/settings" title="The emulator's clock, UTC"><time class="mono">${now.slice(11, 19)}</time>
			${speed && html` <b>${speed}</b>`}</a>
	</p>`;
}

function Page() {
	const {page: name, id} = useValue(route);
	const [{error}, tell] = useState({});
	this.componentDidCatch = error => tell({error});
	const known = PAGES.includes(name);
	useEffect(() => {
		document.title = `${known ? titled(name) : "Nothing"} – AkashML emulator`;
		tell({});
		if (!known || loaded[name]) return;
		const found = module => tell({found: (loaded[name] = module.default)});
		const failed = error => tell({error});
		import(`./${name}.js`).then(found, () => get(`console/${name}.js`).catch(failed));
	}, [name, id]);
	if (!known)
		return html`<div class="page"><h1>There is no page “${name}”.</h1>${link("Inferences", "inferences")}</div>`;
	const Shown = loaded[name];
	return Shown && !error ? html`<${Shown} />` : problem(error);
}

/** The key / goes to the search of a page that has one. */
function slash(event) {
	const search = document.querySelector("#search");
	if (event.key !== "/" || !search || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return;
	event.preventDefault();
	search.focus();
}

const USABLE = "button:not(:disabled, [role=tab]), a[href], input, select, textarea, [tabindex='0']";

/** When what has the focus goes away or is switched off, the focus moves to what is nearest. */
function keepFocus() {
	let path = [];
	const seen = each => each.isConnected && !each.disabled && each.checkVisibility?.();
	addEventListener("focusin", event => (path = event.composedPath()));
	new MutationObserver(() => {
		if (!path[0] || seen(path[0])) return;
		const main = document.querySelector("main");
		const near = path.slice(0, path.indexOf(main) + 1).filter(seen).flatMap(each => [...each.querySelectorAll(USABLE)]);
		(near.find(seen) ?? main).focus();
	}).observe(document.body, {childList: true, subtree: true, attributeFilter: ["disabled"]});
}

function App() {
	useEffect(() => {
		addEventListener("keydown", slash);
		keepFocus();
	}, []);
	const {page} = useValue(route);
	const {kind, text} = useValue(notice) ?? {};
	const skip = event => {
		event.preventDefault();
		document.querySelector("main").focus();
	};
	const pages = PAGES.map(name => html`
		<a href=${href(name)} aria-current=${page === name ? "page" : undefined}>${titled(name)}</a>`);
	return html`
		<a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
		<header>
			<a class="brand" href="#/inferences"><svg viewBox="0 0 16 16" aria-hidden="true">
				<path d="M1 12h5M4 8h8M8 4h7" /></svg> AkashML <span>emulator</span></a>
			<nav aria-label="Pages">${pages}</nav>
			<${Server} />
		</header>
		<main tabindex="-1"><${Page} /></main>
		<div class="notices" role="status" aria-live="polite">${text && html`<p class="notice">
			<b aria-hidden="true">${kind === "ok" ? "✓" : "!"}</b> ${text}</p>`}</div>`;
}

render(html`<${App} />`, document.body);
