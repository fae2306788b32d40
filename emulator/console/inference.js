// What is known of one inference: how it went in time, what was said, why it got that answer, and the bytes.

import { useEffect, useMemo, useState } from "./vendor/preact-hooks.js";
import { get, path, send, text } from "./api.js";
import { draft, preset, presetOf, request } from "./drafts.js";
import { Attempts, Frames, Picture } from "./timeline.js";
import * as ui from "./ui.js";
import { attempt, Code, ending, go, html, link, number, pretty, quiet, seconds, tag, useLoaded } from "./ui.js";

export function Inference({ id, records, filters }) {
  const load = async () => {
    const [record, timeline, conversation] = await Promise.all([
      get(path`inferences/${id}`),
      get(path`inferences/${id}/timeline`),
      get(path`inferences/${id}/conversation`),
    ]);
    return { record, timeline, conversation };
  };
  const { value, error, again } = useLoaded(load, [id]);
  const question = value?.record.question;
  useEffect(() => {
    const anew = ui.throttled(again, 400);
    const mine = (each) => String(each.number) === id || each.id === id || each.question === question;
    return records.onChange((each) => mine(each) && anew());
  }, [records, id, question]);
  records.changed.value;
  const length = value?.record.outcome === "running" && records.lengths.get(value.record.number);
  useEffect(() => {
    if (length) again();
  }, [length]);
  if (value) return html`<${Shown} ...${value} filters=${filters} />`;
  return error && html`<div class="page"><${ui.Problem} error=${error} />
    <p><a href=${link("inferences", null, filters)}>All inferences</a></p></div>`;
}

function Shown({ record, timeline, conversation, filters }) {
  const [tab, pick] = useState("conversation");
  const tabs = [
    ["conversation", "Conversation"],
    ["why", "Why", record.rules.length || null],
    ["frames", "Frames", timeline.frames.length || null],
    ["request", "Request"],
    ["response", "Response"],
  ];
  const shown = {
    conversation: () => html`<${Conversation} told=${conversation} record=${record} />`,
    why: () => html`<${Why} record=${record} />`,
    frames: () => html`<${Frames} timeline=${timeline} />`,
    request: () => html`<${Bytes} of="request" headers=${Object.entries(record.headers)} text=${record.body}
      cut=${record.body_cut} />`,
    response: () => html`<${Bytes} of="response" headers=${record.response_headers} text=${record.response}
      cut=${record.response_cut} />`,
  };
  return html`<article class="record">
    <header class="record-head">
      <a class="back" href=${link("inferences", null, filters)}>‹ All</a>
      <h1><span class="muted">#${record.number}</span> ${tag(record.status || "no status",
        ending(record.outcome, record.status))}${record.error ?? record.outcome}</h1>
      <${Actions} record=${record} />
    </header>
    <p class="why">${record.why}</p>
    ${record.warning && html`<p class="warning">${record.warning}</p>`}
    ${record.message && html`<p class="message">${record.message}</p>`}
    <${Facts} record=${record} timeline=${timeline} />
    <section class="picture" aria-label="Timeline">
      <${Attempts} timeline=${timeline} number=${record.number} />
      <${Picture} timeline=${timeline} record=${record} />
      ${findings("bad", timeline.findings)}${findings("note", timeline.remarks)}</section>
    <${ui.Tabs} label="What is known" tabs=${tabs} current=${tab} pick=${pick} />
    <div role="tabpanel" class="tab-panel" aria-label=${tabs.find(([id]) => id === tab)[1]}>${shown[tab]()}</div>
  </article>`;
}

const MOST_FINDINGS = 10;

/** Findings, or remarks, of the same name together. */
const findings = (kind, found) =>
  [...new Set(found.map((each) => each.name))].map((name) => {
    const same = found.filter((each) => each.name === name);
    return html`<div class=${"finding " + kind}><b>${name}</b>
      ${same.slice(0, MOST_FINDINGS).map((each) => html`<p>${each.sentence}</p>`)}
      ${same.length > MOST_FINDINGS && html`<p>and ${number(same.length - MOST_FINDINGS)} more</p>`}</div>`;
  });

function Bytes({ of, headers, text, cut }) {
  return html`<details class="headers"><summary>${ui.plural(headers.length, "header")}</summary>
    <table class="plain"><tbody>${headers.map(
      ([name, value]) => html`<tr><th>${name}</th><td class="mono">${value}</td></tr>`,
    )}</tbody></table></details>
    <${Code} json tall label=${of + " body"} text=${pretty(text) || "(empty)"} />
    ${cut && html`<p class="warning">The body was longer: this is its beginning.</p>`}`;
}

function Actions({ record }) {
  const asked = record.request;
  const exported = (format) => () => text(path`inferences/${record.id}` + `?format=${format}`);
  const save = () =>
    attempt(async () => {
      draft.value = await exported("scenario")();
      go("scenarios", "new");
    });
  const keep = () => {
    preset.value = presetOf(asked);
    go("presets", "new");
  };
  const open = () => {
    request.value = { dialect: record.endpoint === "messages" ? "messages" : "chat", body: asked };
    go("playground");
  };
  const replay = () =>
    attempt(async () => {
      const { number } = await send("POST", path`inferences/${record.id}/replay`, {});
      go("inferences", number);
    }, "Asked again");
  const copies = [["curl", "curl"], ["python", "Python"], ["node", "Node"]];
  return html`<div class="actions">
    <span class="group"><span class="muted">Copy as</span>${copies.map(
      ([format, label]) => html`<${ui.Copy} text=${exported(format)} label=${label} />`,
    )}</span>
    <span class="group"><span class="muted">Save as</span>${quiet("Scenario", save)}
      ${asked?.model && quiet("Preset", keep)}</span>
    <span class="group">${asked?.messages && quiet("Playground", open)}
      ${quiet("Replay", replay, { disabled: record.body_cut })}</span>
  </div>`;
}

function Facts({ record, timeline }) {
  const { usage } = record;
  const filter = (name, value, shown = value) =>
    html`<a href=${link("inferences", null, { [name]: value })} title="Show only these">${shown}</a>`;
  const part = (name, count) => count > 0 && html` <small>(${number(count)} ${name})</small>`;
  return ui.facts([
    ["Model", record.model && filter("model", record.model, ui.short(record.model))],
    ["Endpoint", html`${filter("endpoint", record.endpoint)} ${record.stream ? "streamed" : "whole"}`],
    ["Key", record.key ? filter("namespace", record.namespace, record.key) : "none"],
    ["Answered by", record.rules.length ? filter("rule", record.answered_by) : record.answered_by],
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

// ------------------------------------------------------------------------------------------ what was said

/** One turn of a conversation: who, and what. */
export const turn = (who, what, kind = "") =>
  html`<div class=${"turn " + kind}><h3>${who}</h3><div>${what}</div></div>`;
/** The calls of tools in an answer. */
export const calls = (made) => made.map((call) => html`<div class="call"><b>${call.name}</b>
  ${" "}<small class="muted">${call.id}</small>
  <${Code} json label="arguments" text=${pretty(call.arguments)} /></div>`);
export const ended = (finish) => html`answer${finish && html`<small>${finish}</small>`}`;
export const reasoned = (text, open = false) =>
  text && html`<details class="reasoning" open=${open}><summary>Reasoning</summary><p>${text}</p></details>`;

function Conversation({ told, record }) {
  const { messages, choices, problems } = told;
  const running = record.outcome === "running";
  return html`<div class="talk">
    ${messages.map(({ role, text, others }) => turn(role, html`${text && html`<p>${text}</p>`}
      ${others.length > 0 && html`<p>${others.map((other) => tag(other))}</p>`}`))}
    ${choices.map((choice) => html`<${Choice} ...${choice} />`)}
    ${record.error && turn("error", html`<p>${record.error}: ${record.message}</p>`, "failed")}
    ${!choices.length && !record.error && turn("answer",
      html`<p class="muted">${running ? "Nothing yet." : "There is no answer."}</p>`)}
    ${problems.map((each) => html`<p class="warning">${each}</p>`)}
  </div>`;
}

function Choice({ text, reasoning, tool_calls, finish, tokens }) {
  const [marked, mark] = useState(false);
  const toggle = { "aria-pressed": String(marked) };
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
export const token = ({ token, logprob = 0 }, at) => html`<span key=${at} data-at=${at}
  class=${"token doubt-" + [-0.05, -0.5, -1.5, -3].filter((limit) => logprob < limit).length}>${token}</span>`;

/** Tokens of which one is chosen by pointing or by arrow keys: its alternatives are shown. */
export function Probable({ tokens }) {
  const [chosen, choose] = useState(null);
  const spans = useMemo(() => tokens.map(token), [tokens]);
  const point = ({ target }) => target.dataset.at && choose(Number(target.dataset.at));
  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose((at) => Math.max(0, Math.min(tokens.length - 1, (at ?? -1) + step)));
  };
  const taken = tokens[chosen];
  const likely = ({ token, logprob = 0 }) => {
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

// ------------------------------------------------------------------------------------------ why

function Why({ record }) {
  const [other, choose] = useState("");
  const { value: known } = useLoaded(() => get("scenarios"));
  const explain = async () => other && send("POST", "explain", { scenario: other, inference: String(record.number) });
  const { value: explained, error } = useLoaded(explain, [other, record.id]);
  const shown = other ? explained : record;
  const scenario = other || record.scenario;
  return html`<div class="row-fields"><${ui.Field} label="Explain against">
      <select value=${other} onChange=${ui.into(choose)}>
        <option value="">${record.scenario ? `${record.scenario} (what answered)` : "what answered"}</option>
        ${ui.options((known?.scenarios ?? []).map(({ name }) => [name, name]))}</select><//>
      ${scenario && html`<a class="button"
        href=${link("scenarios", scenario, { run: record.number })}>Edit the scenario</a>`}</div>
    <${ui.Problem} error=${error} />
    ${shown && html`<p>${shown.why}</p><${Rules} rules=${shown.rules} scenario=${scenario} run=${record.number} />`}
    ${shown?.rules.length === 0 && html`<p class="muted">No rules were asked. A key such as <code>akml-hello</code>,
      ${" "}the header <code>X-Emulator-Scenario</code>, or a scenario that is activated chooses one.</p>`}`;
}

const MARKS = { answered: "✓", "passed over": "↷", differs: "≠", "comes later": "·" };

export const Rules = ({ rules, scenario, run }) => html`<ol class="rules">${rules.map(
  ({ rule, result, line, reasons }) => html`<li class=${"rule-" + result.replace(" ", "-")}>
    <span class="mark" aria-hidden="true">${MARKS[result]}</span>
    <div><b>${rule}</b> <span class="result">${result}</span>
      ${line > 0 && scenario && html` <a href=${link("scenarios", scenario, { line, run })}>line ${line}</a>`}
      ${reasons.length > 0 && html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}</div></li>`,
)}</ol>`;
