// The frame of all pages: the bar with the pages and the clock, and the page that the address names.

import { render } from "./vendor/preact.js";
import { get } from "./api.js";
import { html, link, notice, Problem, route, signal, useEffect, useState, useValue } from "./ui.js";

const PAGES = {
  inferences: "Inferences",
  playground: "Playground",
  presets: "Presets",
  scenarios: "Scenarios",
  models: "Models",
  settings: "Settings",
};
const loaded = {};
const server = signal({});

/** The server's clock and scenario, asked every few seconds while the page is seen. */
async function look() {
  if (document.hidden && server.value.clock) return;
  try {
    const [clock, ready] = await Promise.all([get("clock"), get("ready")]);
    server.value = { clock, ready };
  } catch (error) {
    server.value = { error };
  }
}

function Server() {
  const { clock, ready, error } = useValue(server);
  if (error) return html`<p class="server" role="status"><span class="dot bad"></span>not reached</p>`;
  if (!clock) return html`<p class="server"></p>`;
  const speed = clock.mode === "frozen" ? "frozen" : clock.rate === 1 ? "" : `×${clock.rate}`;
  return html`<p class="server">
    <span class="dot ok"></span>
    ${ready.scenario && html`<a href=${link("scenarios", ready.scenario)}
      title="The scenario that plays for keys that name no other">${ready.scenario}</a>`}
    <a href="#/settings" title="The emulator's clock, UTC"><time class="mono">${clock.now.slice(11, 19)}</time>
      ${speed && html` <b>${speed}</b>`}</a>
  </p>`;
}

function Page() {
  const name = useValue(route).page;
  const [{ error }, tell] = useState({});
  const known = Object.hasOwn(PAGES, name);
  useEffect(() => {
    document.title = `${known ? PAGES[name] : "Nothing"} – AkashML emulator`;
    if (!known || loaded[name]) return;
    const found = (module) => tell({ found: (loaded[name] = module.default) });
    import(`./${name}.js`).then(found, (error) => tell({ error }));
  }, [name]);
  if (!known)
    return html`<div class="page"><h1>There is no page “${name}”.</h1><a href="#/inferences">Inferences</a></div>`;
  const Shown = loaded[name];
  return Shown ? html`<${Shown} />` : html`<${Problem} error=${error} />`;
}

/** The key / goes to the search of a page that has one. */
function slash(event) {
  const search = document.querySelector("#search");
  if (event.key !== "/" || !search || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return;
  event.preventDefault();
  search.focus();
}

function App() {
  useEffect(() => {
    look();
    addEventListener("keydown", slash);
    setInterval(look, 3000);
  }, []);
  const { page } = useValue(route);
  const { kind, text } = useValue(notice) ?? {};
  const skip = (event) => {
    event.preventDefault();
    document.querySelector("main").focus();
  };
  const pages = Object.entries(PAGES).map(
    ([name, label]) =>
      html`<a href=${link(name)} aria-current=${page === name ? "page" : undefined}>${label}</a>`,
  );
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
