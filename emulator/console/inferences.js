// Inferences: the live list with its search and histogram, and beside it what is known of one.

import { useEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.js";
import { apiRoot, get } from "./api.js";
import { Bars } from "./charts.js";
import { Inference } from "./inference.js";
import { chosen, parsed, Records, searched } from "./records.js";
import {
  Empty,
  ending,
  go,
  html,
  link,
  number,
  plural,
  Problem,
  route,
  seconds,
  short,
  time,
  useLoaded,
  wide,
} from "./ui.js";

const ROW = 48;
const SPARE = 8;
const OUTCOMES = [
  ["", "Any outcome"],
  ["completed", "Completed"],
  ["failed", "Failed"],
  ["hung up", "Hung up"],
  ["cut by client", "Cut by client"],
  ["running", "Running"],
];

export default function Inferences() {
  const { id, query } = route.value;
  const filters = chosen(query);
  const said = JSON.stringify(filters);
  const records = useMemo(() => new Records(filters), [said]);
  useEffect(() => records.start(), [records]);
  useEffect(() => {
    const slash = (event) => {
      if (event.key !== "/" || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return;
      event.preventDefault();
      document.querySelector("#search").focus();
    };
    addEventListener("keydown", slash);
    return () => removeEventListener("keydown", slash);
  }, []);
  const close = (event) => {
    if (event.key !== "Escape" || !id) return;
    go("inferences", null, filters);
    document.querySelector(".rows")?.focus();
  };
  return html`<div class=${"split" + (id ? " open" : "")} onKeyDown=${close}>
    <section class="side" aria-label="List of inferences">
      <${Search} filters=${filters} records=${records} />
      <${List} records=${records} filters=${filters} id=${id} />
    </section>
    <section class="detail" aria-label="Inference">
      ${id ? html`<${Inference} key=${id} id=${id} records=${records} filters=${filters} />` : html`<${Overview}
        records=${records} />`}
    </section>
  </div>`;
}

function Search({ filters, records }) {
  const text = searched(filters);
  const [draft, set] = useState(text);
  useEffect(() => set(text), [text]);
  const keep = (found) => go("inferences", null, found, true);
  const submit = (event) => {
    event.preventDefault();
    keep(parsed(draft));
  };
  const keys = (event) => {
    if (event.key === "Escape" && draft) {
      event.stopPropagation();
      keep({});
      set("");
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      document.querySelector(".rows")?.focus();
    }
  };
  const usage = records.usage.value;
  return html`<form class="search" role="search" onSubmit=${submit}>
      <label class="hidden" for="search">Search the inferences</label>
      <input id="search" type="search" placeholder="Search, or status:429 model:*GLM* key:…"
        title="Words, and status: outcome: model: key: scenario: rule: endpoint: since:  ( / )"
        autocomplete="off" spellcheck="false" value=${draft} onInput=${(event) => set(event.target.value)}
          onChange=${submit} onKeyDown=${keys} />
      <label class="hidden" for="outcome">Outcome</label>
      <select id="outcome" value=${filters.outcome?.split(":")[0] ?? ""}
        onChange=${(event) => keep({ ...filters, outcome: event.target.value })}>
        ${OUTCOMES.map(([value, label]) => html`<option value=${value}>${label}</option>`)}</select>
    </form>
    <${Bars} usage=${usage} pick=${(at) => keep({ ...filters, since: String(Math.floor(at)) })} />`;
}

function List({ records, filters, id }) {
  const changed = records.changed.value;
  const list = records.list;
  const box = useRef();
  const [view, setView] = useState({ top: 0, height: 800 });
  const [cursor, setCursor] = useState(null);
  const at = list.findIndex((each) => String(each.number) === id || each.id === id || (!id && each.number === cursor));
  const newest = useRef(list[0]?.number);

  useEffect(() => {
    const look = () => box.current && setView({ top: box.current.scrollTop, height: box.current.clientHeight });
    const observer = new ResizeObserver(look);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, [list.length > 0]);

  // What comes in above does not move what is read.
  useEffect(() => {
    const came = list.findIndex((each) => each.number === newest.current);
    if (came > 0 && box.current?.scrollTop > 0) box.current.scrollTop += came * ROW;
    newest.current = list[0]?.number;
  }, [changed]);

  const show = (index) => {
    const { scrollTop, clientHeight } = box.current;
    if (index * ROW < scrollTop) box.current.scrollTop = index * ROW;
    else if ((index + 1) * ROW > scrollTop + clientHeight) box.current.scrollTop = (index + 1) * ROW - clientHeight;
  };
  const choose = (index, open) => {
    const record = list[Math.max(0, Math.min(list.length - 1, index))];
    if (!record) return;
    setCursor(record.number);
    show(list.indexOf(record));
    if (open || wide()) go("inferences", record.number, filters, !open || id != null);
  };
  const keys = (event) => {
    const page = Math.floor(view.height / ROW);
    const step = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    }[event.key];
    if (step && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      choose(at < 0 ? 0 : at + step);
    } else if (event.key === "Enter") choose(Math.max(at, 0), true);
  };
  const scroll = ({ target }) => {
    setView({ top: target.scrollTop, height: target.clientHeight });
    if (target.scrollHeight - target.scrollTop < 100 * ROW) records.more();
  };

  if (records.error.value) return html`<div class="rows-empty"><${Problem} error=${records.error.value} /></div>`;
  if (!list.length)
    return records.loading.value
      ? html`<p class="rows-empty muted">Loading …</p>`
      : html`<${Nothing} filters=${filters} />`;
  const first = Math.max(0, Math.floor(view.top / ROW) - SPARE);
  const last = Math.min(list.length, Math.ceil((view.top + view.height) / ROW) + SPARE);
  return html`<div class="rows" ref=${box} role="listbox" tabindex="0" aria-label="Inferences, newest first"
    onScroll=${scroll} onKeyDown=${keys}
      aria-activedescendant=${at >= first && at < last ? "row-" + list[at].number : undefined}>
      <div class="rows-all" role="presentation" style=${{ height: list.length * ROW + "px" }}>
        ${list.slice(first, last).map(
          (
            record,
            index,
          ) => html`<${Row} key=${record.number} record=${record} top=${(first + index) * ROW}
            chosen=${first + index === at}
            place=${first + index + 1} count=${list.length}
              length=${record.outcome === "running" ? records.lengths.get(record.number) : 0}
            earlier=${earlier(list, first + index)} open=${() => choose(first + index, true)} />`,
        )}
      </div>
    </div>
    <p class="rows-foot">${plural(list.length, "inference")}${records.next != null && " and more"}${
      records.forgotten ? `, ${number(records.forgotten)} forgotten` : ""
    } <span>${records.live.value ? html`<span class="dot run"></span> live` : "not live"}</span></p>`;
}

const NEAR = 40;

/** How many attempts at the same question failed just before: a retry is marked with its count. */
function earlier(list, at) {
  const { question, namespace } = list[at];
  let count = 0;
  for (let index = at + 1; index < Math.min(list.length, at + NEAR); index++) {
    const each = list[index];
    if (each.question !== question || each.namespace !== namespace) continue;
    if (ending(each.outcome, each.status) === "ok") break;
    count++;
  }
  return count;
}

function Row({ record, top, chosen, place, count, length, earlier, open }) {
  const kind = ending(record.outcome, record.status);
  const took = record.ended == null ? null : record.ended - record.started;
  const what = record.error ?? (record.outcome === "completed" ? short(record.model) : record.outcome);
  const sent = record.usage ? plural(record.usage.completion_tokens, "token") : length ? `${number(length)} B` : "";
  const facts = [
    record.endpoint,
    record.error || kind === "cut" ? short(record.model) : null,
    record.answered_by === record.error ? null : record.answered_by,
  ];
  return html`<div id=${"row-" + record.number} class=${"row " + kind} role="option"
    aria-selected=${chosen ? "true" : "false"} aria-posinset=${place}
    aria-setsize=${count} style=${{ transform: `translateY(${top}px)` }} onClick=${open}>
    <span class="row-status">${record.status || "–"}</span>
    <span class="row-what">${what}${earlier > 0 && html` <span class="again"
      title="The same was asked before, and failed">↻ ${earlier + 1}</span>`}</span>
    <span class="row-time">${time(record.started)}</span>
    <span class="row-number">#${record.number}</span>
    <span class="row-facts">${facts.filter(Boolean).join(" · ")}</span>
    <span class="row-took">${record.outcome === "running" ? html`<span
      class="running">running</span>` : seconds(took)}${sent && ` · ${sent}`}</span>
  </div>`;
}

function Nothing({ filters }) {
  if (Object.keys(filters).length)
    return html`<div class="rows-empty"><p>No inference passes these filters.</p><p>
      <a href=${link("inferences")}>Show all</a></p></div>`;
  return html`<div class="rows-empty"><p>Nothing was asked yet.</p>
    <p class="muted">What your program asks appears here as it comes.</p></div>`;
}

const example = () => `curl -sS ${apiRoot()}/v1/chat/completions \\
  -H "Authorization: Bearer akml-rate-limited-then-recovers" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hello"}]}'`;

/** What is seen while no inference is chosen: the verdict on the client, and where to begin. */
function Overview({ records }) {
  records.changed.value;
  const { value: verdict } = useLoaded(() => get("verdict"), [records.list.length, records.list[0]?.outcome]);
  if (records.loading.value && !records.list.length) return null;
  if (!records.list.length)
    return html`<${Empty} title="Ask something" code=${example()}>
      <p>Point a client at <code>${apiRoot()}/v1</code>, or paste this into a shell. The key names a scenario that refuses the first two requests, so run it three times and see the retries joined.</p><//>`;
  const found = [
    ...(verdict?.findings ?? []).map((each) => ["bad", each]),
    ...(verdict?.remarks ?? []).map((each) => ["note", each]),
  ];
  const models = Object.entries(totals(records.usage.value));
  return html`<div class="overview">
    <h1>How the client behaved</h1>
    ${!found.length && html`<p class="good">Nothing that it did was a mistake, as far as the record shows.</p>`}
    <ul class="findings">${found.map(([kind, each]) => html`<${Finding} kind=${kind} finding=${each}
      records=${records} />`)}</ul>
    ${
      models.length > 0 &&
      html`<h2>Usage</h2><table class="plain"><thead><tr><th>Model</th><th class="num">Requests</th>
        <th class="num">Prompt</th><th class="num">Completion</th><th class="num">Cost</th></tr></thead>
      <tbody>${models.map(
        ([
          model,
          sum,
        ]) => html`<tr><td><a href=${link("inferences", null, { model })}>${model}</a></td><td class="num">
          ${number(sum.requests)}</td><td class="num">${number(sum.prompt_tokens)}</td>
          <td class="num">${number(sum.completion_tokens)}</td><td class="num">
            ${sum.charge ? "$" + number(sum.charge) : "–"}</td></tr>`,
      )}</tbody></table>`
    }
    <p class="keys"><kbd>j</kbd> <kbd>k</kbd> move · <kbd>Enter</kbd> open · <kbd>Esc</kbd> close · <kbd>/</kbd> search</p>
  </div>`;
}

function Finding({ kind, finding, records }) {
  const numbers = finding.inferences.map((id) => records.list.find((each) => each.id === id)?.number ?? id);
  return html`<li class=${kind}><b>${finding.name}</b> <span>${finding.sentence}</span>
    <span class="where">${numbers.slice(0, 12).map((each) => html`<a href=${link("inferences", each)}>
      ${typeof each === "number" ? "#" + each : each.slice(0, 8)}</a> `)}</span></li>`;
}

function totals(usage) {
  const sums = {};
  for (const bucket of usage?.buckets ?? [])
    for (const [model, told] of Object.entries(bucket.models ?? {})) {
      const sum = (sums[model] ??= { requests: 0, prompt_tokens: 0, completion_tokens: 0, charge: 0 });
      for (const name of ["requests", "prompt_tokens", "completion_tokens"]) sum[name] += told[name] ?? 0;
      sum.charge += parseFloat(told.charge) || 0;
    }
  return sums;
}
