// What all pages share: markup, the route, small components, and how values are written.

import { h, Fragment } from "./vendor/preact.js";
import { useEffect, useId, useRef, useState } from "./vendor/preact-hooks.js";
import { signal } from "./vendor/preact-signals.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export { Fragment };

// ------------------------------------------------------------------------------------------ the route

export const route = signal(read());

function read() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/").map(decoded);
  return {
    page: page || "inferences",
    id: rest.join("/") || null,
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function link(page, id = null, query = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return `#/${page}${id == null ? "" : "/" + encodeURIComponent(id)}${search ? "?" + search : ""}`;
}

/** Go to a page. `replace` leaves no step behind in the browser's history. */
export function go(page, id, query, replace = false) {
  const hash = link(page, id, query);
  if (hash === location.hash) return;
  if (replace) {
    history.replaceState(null, "", hash);
    route.value = read();
  } else location.hash = hash;
}

addEventListener("hashchange", () => (route.value = read()));

// ------------------------------------------------------------------------------------------ what is said

export const notice = signal(null);
let noticeEnds;

/** Tell the person something for a few seconds; a screen reader says it. */
export function say(text, kind = "ok") {
  clearTimeout(noticeEnds);
  notice.value = { text, kind };
  noticeEnds = setTimeout(() => (notice.value = null), 5000);
}

/** Do something, and say what went wrong. */
export async function attempt(action, done) {
  try {
    const result = await action();
    if (done) say(typeof done === "function" ? done(result) : done);
    return result;
  } catch (error) {
    say(error.message, "bad");
    return undefined;
  }
}

/** What a promise brings: {value, error, loading, again}. It is asked anew when one of `on` changes. */
export function useLoaded(load, on = []) {
  const [state, set] = useState({ loading: true });
  const turn = useRef(0);
  const again = async () => {
    const mine = ++turn.current;
    try {
      const value = await load();
      if (mine === turn.current) set({ value });
    } catch (error) {
      if (mine === turn.current) set((before) => ({ ...before, loading: false, error }));
    }
  };
  useEffect(() => {
    set((before) => ({ ...before, loading: true }));
    again();
    return () => void ++turn.current;
  }, on);
  return { ...state, again };
}

// ------------------------------------------------------------------------------------------ how values are written

const digits = (value, most) => value.toLocaleString("en", { maximumFractionDigits: most });

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

const iso = (unix) => {
  const date = new Date(unix * 1000);
  return isNaN(date) ? "" : date.toISOString();
};
export const time = (unix, fraction = false) => iso(unix).slice(11, fraction ? 23 : 19);
export const day = (unix) => iso(unix).slice(0, 10);
export const number = (value) => (value == null ? "–" : digits(value, 6));
export const bytes = (size) =>
  size < 1024 ? `${size} B` : size < 1 << 20 ? `${digits(size / 1024, 1)} KiB` : `${digits(size / (1 << 20), 1)} MiB`;
export const plural = (count, one, many = one + "s") => `${number(count)} ${count === 1 ? one : many}`;
/** An amount such as "0.0000130 USD" as a price tag, with at least two decimals. */
export function money(amount) {
  if (amount == null) return "–";
  const [whole, decimals = ""] = String(amount)
    .replace(/\s*USD$/, "")
    .split(".");
  return `${whole.startsWith("-") ? "−" : ""}$${whole.replace("-", "")}.${decimals.replace(/0+$/, "").padEnd(2, "0")}`;
}
export const short = (model) => (model ?? "no model").split(/\/|--/).pop();

/** One of ok, bad, cut, run: how an inference ended. */
export function ending(outcome, status) {
  if (outcome === "running") return "run";
  if (outcome === "completed") return status >= 400 ? "bad" : "ok";
  return outcome.startsWith("failed") ? "bad" : "cut";
}

// ------------------------------------------------------------------------------------------ components

export function Problem({ error }) {
  return error ? html`<p class="problem" role="alert">${error.message}</p>` : null;
}

export function Empty({ title, children, code }) {
  return html`<div class="empty"><h2>${title}</h2>${children}${code && html`<${Code} text=${code} />`}</div>`;
}

export function Copy({ text, label = "Copy", what = label }) {
  const copy = () =>
    attempt(async () => {
      const copied = typeof text === "function" ? await text() : text;
      await written(copied);
    }, `Copied: ${what}`);
  return html`<button type="button" class="quiet" onClick=${copy}>${label}</button>`;
}

async function written(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // A page that is not on the loopback interface and has no TLS has no clipboard but this.
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** A text in a box of its own, which scrolls and can be copied. */
export function Code({ text, json = false, tall = false, label = "text" }) {
  const shown = json && text.length < 300_000 ? coloured(text) : text;
  return html`<div class="code"><${Copy} text=${text} what=${label} />
    <pre tabindex="0" role="region" aria-label=${label} class=${tall ? "tall" : ""}>${shown}</pre></div>`;
}

const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\b(?:true|false|null)\b/g;

/** JSON with its names and values told apart. */
function coloured(text) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(TOKENS)) {
    const kind = found[2] ? "name" : found[1] ? "text" : "value";
    const token = found[2] ? found[1] : found[0];
    parts.push(text.slice(at, found.index), html`<span class=${"json-" + kind}>${token}</span>`);
    at = found.index + token.length;
  }
  parts.push(text.slice(at));
  return parts;
}

export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** A list of tabs; `tabs` are [id, label, count]. Arrow keys move between them. */
export function Tabs({ tabs, current, pick, label }) {
  const box = useRef();
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex(([id]) => id === current);
    const next = (at + step + tabs.length) % tabs.length;
    pick(tabs[next][0]);
    box.current.children[next].focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} ref=${box} onKeyDown=${move}>
    ${tabs.map(
      ([
        id,
        text,
        count,
      ]) => html`<button type="button" role="tab" key=${id} aria-selected=${id === current ? "true" : "false"}
        tabindex=${id === current ? 0 : -1} onClick=${() => pick(id)}>${text}${count != null && html` <small>${count}
          </small>`}</button>`,
    )}</div>`;
}

/** A control with its label above it. */
export function Field({ label, hint, children, wide }) {
  const id = useId();
  const control = h(children.type, { ...children.props, id, "aria-describedby": hint ? id + "-hint" : undefined });
  return html`<div class=${"field" + (wide ? " wide" : "")}><label for=${id}>${label}</label>${control}${
    hint && html`<small id=${id + "-hint"}>${hint}</small>`
  }</div>`;
}

/** The width of an element, as it is and becomes: [ref, width]. */
export function useWidth(least = 280) {
  const [node, setNode] = useState(null);
  const [width, set] = useState(0);
  useEffect(() => {
    if (!node) return undefined;
    const observer = new ResizeObserver(([entry]) => set(Math.max(least, Math.floor(entry.contentRect.width))));
    observer.observe(node);
    return () => observer.disconnect();
  }, [node]);
  return [setNode, width];
}

/** Call something at most once in so many milliseconds, and once more at the end. */
export function throttled(action, pause) {
  let timer = 0;
  let wanted = false;
  const run = () => {
    timer = 0;
    if (!wanted) return;
    wanted = false;
    action();
    timer = setTimeout(run, pause);
  };
  return () => {
    wanted = true;
    if (!timer) run();
  };
}

export const wide = () => innerWidth >= 1024;
