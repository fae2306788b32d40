// What is known of one inference: how it went in time, what was said, why it got that answer, and the bytes.

import { useEffect, useMemo, useState } from "./vendor/preact-hooks.js";
import { address, get, optional, path, send } from "./api.js";
import { draft, preset, presetOf, request } from "./drafts.js";
import { Attempts, Frames, Picture } from "./timeline.js";
import {
  Code,
  Copy,
  attempt,
  day,
  ending,
  go,
  html,
  link,
  money,
  number,
  pretty,
  Problem,
  seconds,
  short,
  Tabs,
  throttled,
  time,
  useLoaded,
} from "./ui.js";

export function Inference({ id, records, filters }) {
  const load = async () => {
    const [record, timeline, conversation] = await Promise.all([
      get(path`inferences/${id}`),
      optional(path`inferences/${id}/timeline`),
      optional(path`inferences/${id}/conversation`),
    ]);
    return { record, timeline, conversation };
  };
  const { value, error, again } = useLoaded(load, [id]);
  const question = value?.record.question;
  useEffect(() => {
    const anew = throttled(again, 400);
    return records.onChange(
      (each) => (String(each.number) === id || each.id === id || each.question === question) && anew(),
    );
  }, [records, id, question]);
  const running = value?.record.outcome === "running";
  const length = running ? records.lengths.get(value.record.number) : 0;
  records.changed.value;
  useEffect(() => {
    if (length) again();
  }, [length]);
  if (error && !value)
    return html`<div class="page"><${Problem} error=${error} /><p>
      <a href=${link("inferences", null, filters)}>All inferences</a></p></div>`;
  if (!value) return null;
  return html`<${Shown} ...${value} filters=${filters} />`;
}

function Shown({ record, timeline, conversation, filters }) {
  const [tab, pick] = useState("conversation");
  const kind = ending(record.outcome, record.status);
  const frames = timeline?.frames ?? [];
  const rules = record.rules.length;
  const tabs = [
    ["conversation", "Conversation"],
    ["why", "Why", rules || null],
    ["frames", "Frames", frames.length || null],
    ["request", "Request"],
    ["response", "Response"],
  ];
  return html`<article class="record">
    <header class="record-head">
      <a class="back" href=${link("inferences", null, filters)}>‹ All</a>
      <h1><span class="muted">#${record.number}</span> <span class=${"tag " + kind}>${record.status || "no status"}
        </span> ${record.error ?? record.outcome}</h1>
      <${Actions} record=${record} />
    </header>
    <p class="why">${record.why}</p>
    ${record.warning && html`<p class="warning">${record.warning}</p>`}
    ${record.message && html`<p class="message">${record.message}</p>`}
    <${Facts} record=${record} timeline=${timeline} />
    ${
      timeline &&
      html`<section class="picture" aria-label="Timeline">
      <${Attempts} timeline=${timeline} number=${record.number} />
      <${Picture} timeline=${timeline} record=${record} />
      <${Findings} kind="bad" found=${timeline.findings} /><${Findings} kind="note" found=${timeline.remarks} />
        </section>`
    }
    <${Tabs} label="What is known" tabs=${tabs} current=${tab} pick=${pick} />
    <div role="tabpanel" class="tab-panel" aria-label=${tabs.find(([id]) => id === tab)[1]}>
      ${tab === "conversation" && html`<${Conversation} told=${conversation} record=${record} />`}
      ${tab === "why" && html`<${Why} record=${record} />`}
      ${tab === "frames" && html`<${Frames} timeline=${timeline} />`}
      ${
        tab === "request" &&
        html`<${Headers} pairs=${Object.entries(record.headers)} />
          <${Code} json tall label="request body" text=${pretty(record.body) || "(empty)"} />
        ${record.body_cut && html`<p class="warning">The body was longer: this is its beginning.</p>`}`
      }
      ${
        tab === "response" &&
        html`<${Headers} pairs=${record.response_headers} />
          <${Code} json tall label="response body" text=${pretty(record.response) || "(empty)"} />
        ${record.response_cut && html`<p class="warning">The answer was longer: this is its beginning.</p>`}`
      }
    </div>
  </article>`;
}

/** Findings, or remarks, of the same name together. */
function Findings({ kind, found }) {
  return [...new Set(found.map((each) => each.name))].map(
    (name) =>
      html`<div class=${"finding " + kind}><b>${name}</b>
        ${found.filter((each) => each.name === name).map((each) => html`<p>${each.sentence}</p>`)}</div>`,
  );
}

function Actions({ record }) {
  const exported = (format) => async () => {
    const response = await fetch(address(path`inferences/${record.id}` + `?format=${format}`));
    const text = await response.text();
    if (response.ok) return text;
    throw new Error(JSON.parse(text).error?.message ?? text);
  };
  const save = () =>
    attempt(async () => {
      draft.value = await exported("scenario")();
      go("scenarios", "new");
    });
  const asked = record.request;
  const open = (page, handed, value) => () => {
    handed.value = value;
    go(page, page === "presets" ? "new" : null);
  };
  const replay = () =>
    attempt(async () => {
      const { number } = await send("POST", path`inferences/${record.id}/replay`, {});
      go("inferences", number);
    }, "Asked again");
  return html`<div class="actions">
    <span class="group"><span class="muted">Copy as</span>${[
      ["curl", "curl"],
      ["python", "Python"],
      ["node", "Node"],
    ].map(([format, label]) => html`<${Copy} text=${exported(format)} label=${label} />`)}</span>
    <span class="group"><span class="muted">Save as</span>
      <button type="button" class="quiet" onClick=${save}>Scenario</button>
      ${asked?.model && html`<button type="button" class="quiet"
        onClick=${open("presets", preset, presetOf(asked))}>Preset</button>`}</span>
    ${asked?.messages && html`<button type="button" class="quiet"
      onClick=${open("playground", request, { dialect: record.endpoint === "messages" ? "messages" : "chat", body: asked })}>Playground</button>`}
    <button type="button" class="quiet" onClick=${replay} disabled=${record.body_cut}>Replay</button>
  </div>`;
}

function Facts({ record, timeline }) {
  const { usage } = record;
  const filter = (name, value, shown = value) =>
    html`<a href=${link("inferences", null, { [name]: value })} title="Show only these">${shown}</a>`;
  const facts = [
    ["Model", record.model && filter("model", record.model, short(record.model))],
    ["Endpoint", html`${filter("endpoint", record.endpoint)} ${record.stream ? "streamed" : "whole"}`],
    ["Key", record.key ? filter("namespace", record.namespace, record.key) : "none"],
    ["Answered by", record.rules.length ? filter("rule", record.answered_by) : record.answered_by],
    ["Took", record.ended == null ? "running" : seconds(record.ended - record.started)],
    ["First token", timeline?.first_token == null ? null : seconds(timeline.first_token)],
    ["Queued", timeline?.queued ? seconds(timeline.queued) : null],
    [
      "Tokens",
      usage &&
        html`${number(usage.prompt_tokens)} → ${number(usage.completion_tokens)}${usage.reasoning_tokens ? html` <small>(${number(usage.reasoning_tokens)} reasoning)</small>` : ""}${usage.cached_tokens ? html` <small>(${number(usage.cached_tokens)} cached)</small>` : ""}`,
    ],
    ["Cost", record.charge && money(record.charge)],
    ["At", html`<time title=${day(record.started)}>${time(record.started, true)}</time>`],
    ["Id", html`<code class="id">${record.id}</code>`],
  ];
  return html`<dl class="facts">${facts.map(([name, value]) => value && html`<div><dt>${name}</dt><dd>${value}</dd>
    </div>`)}</dl>`;
}

function Headers({ pairs }) {
  return html`<details class="headers"><summary>${pairs.length} headers</summary><table class="plain"><tbody>
    ${pairs.map(
    ([name, value]) => html`<tr><th>${name}</th><td class="mono">${value}</td></tr>`,
  )}</tbody></table></details>`;
}

// ------------------------------------------------------------------------------------------ what was said

function Conversation({ told, record }) {
  if (!told) return html`<${Code} json label="response body" text=${pretty(record.response)} />`;
  const empty = !told.choices.length && !record.error;
  return html`<div class="talk">
    ${told.messages.map((each) => html`<${Turn} role=${each.role} text=${each.text} others=${each.others} />`)}
    ${told.choices.map((choice, index) => html`<${Turn}
      role=${told.choices.length > 1 ? `answer ${index + 1}` : "answer"} answer ...${choice} />`)}
    ${record.error && html`<div class="turn failed"><h3>error</h3><div><p>${record.error}: ${record.message}</p></div>
      </div>`}
    ${empty && html`<div class="turn"><h3>answer</h3><div><p class="muted">
      ${record.outcome === "running" ? "Nothing yet." : "There is no answer."}</p></div></div>`}
    ${told.problems.map((each) => html`<p class="warning">${each}</p>`)}
  </div>`;
}

function Turn({ role, text, reasoning, others = [], tool_calls = [], finish, answer, tokens }) {
  const [marked, mark] = useState(false);
  return html`<div class=${"turn" + (answer ? " answer" : "")}><h3>${role}${finish && html`<small>${finish}</small>`}
    </h3><div>
    ${reasoning && html`<details class="reasoning"><summary>Reasoning</summary><p>${reasoning}</p></details>`}
    ${tokens && html`<button type="button" class="quiet" aria-pressed=${marked ? "true" : "false"}
      onClick=${() => mark(!marked)}>Log probabilities</button>`}
    ${text && (marked ? html`<${Probable} tokens=${tokens} />` : html`<p>${text}</p>`)}
    ${tool_calls.map((call) => html`<div class="call"><b>${call.name}</b> <small class="muted">${call.id}</small>
      <${Code} json label="arguments" text=${pretty(call.arguments)} /></div>`)}
    ${others.length > 0 && html`<p class="muted">${others.map((other) => html`<span class="tag">${other}</span> `)}
      </p>`}
  </div></div>`;
}

/** 0 (certain) to 4 (unlikely): how a log probability is coloured. */
export const doubt = (logprob) => [-0.05, -0.5, -1.5, -3].filter((limit) => logprob < limit).length;

/** Tokens coloured by log probability; one is chosen by pointing or by arrow keys, and its alternatives are shown. */
export function Probable({ tokens }) {
  const [chosen, choose] = useState(null);
  const spans = useMemo(
    () =>
      tokens.map(
        (each, index) =>
          html`<span key=${index} data-at=${index} class=${"token doubt-" + doubt(each.logprob)}>${each.token}</span>`,
      ),
    [tokens, tokens.length],
  );
  const point = (event) => event.target.dataset?.at && choose(Number(event.target.dataset.at));
  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose((at) => Math.max(0, Math.min(tokens.length - 1, (at ?? -1) + step)));
  };
  const token = tokens[chosen];
  return html`<div class="probable"><p tabindex="0" role="group" aria-label="Tokens; arrow keys move between them"
    onMouseOver=${point} onKeyDown=${keys}
      onFocus=${() => chosen ?? choose(0)}>${spans}</p>
    <div class="alternatives" aria-live="polite">${
      token
        ? (token.top?.length ? token.top : [token]).map(
            (each) =>
              html`<span class=${each.token === token.token ? "taken" : ""}><code>${JSON.stringify(each.token)}</code>
                <meter min="0" max="1" value=${Math.exp(each.logprob)} aria-label=${each.token}></meter>
                ${number(Math.round(Math.exp(each.logprob) * 1000) / 10)} %</span>`,
          )
        : html`<span class="muted">Point at a token to see its alternatives.</span>`
    }</div></div>`;
}

// ------------------------------------------------------------------------------------------ why

function Why({ record }) {
  const [other, choose] = useState("");
  const { value: known } = useLoaded(() => get("scenarios"), []);
  const { value: explained, error } = useLoaded(
    () => (other ? send("POST", "explain", { scenario: other, inference: String(record.number) }) : null),
    [other, record.id],
  );
  const shown = other ? explained : record;
  return html`<div class="why-tab">
    <div class="row-fields"><label>Explain against <select value=${other}
      onChange=${(event) => choose(event.target.value)}>
      <option value="">${record.scenario ? `${record.scenario} (what answered)` : "what answered"}</option>
      ${(known?.scenarios ?? []).map((each) => html`<option value=${each.name}>${each.name}</option>`)}</select></label>
      ${(other || record.scenario) && html`<a
        href=${link("scenarios", other || record.scenario, { run: record.number })}>Edit the scenario</a>`}</div>
    <${Problem} error=${error} />
    ${shown && html`<p>${shown.why}</p><${Rules} rules=${shown.rules} scenario=${other || record.scenario}
      run=${record.number} />`}
    ${shown && !shown.rules.length && html`<p
      class="muted">No rules were asked. A key such as <code>akml-hello</code>, the header <code>X-Emulator-Scenario</code>, or <code>activate</code> chooses a scenario.</p>`}
  </div>`;
}

const MARKS = { answered: "✓", "passed over": "↷", differs: "≠", "comes later": "·" };

export function Rules({ rules, scenario, run }) {
  return html`<ol class="rules">${rules.map(
    (rule) => html`<li class=${"rule-" + rule.result.replace(" ", "-")}>
      <span class="mark" aria-hidden="true">${MARKS[rule.result]}</span>
      <div><b>${rule.rule}</b> <span class="result">${rule.result}</span>${
        rule.line > 0 &&
        scenario &&
        html` <a class="line" href=${link("scenarios", scenario, { line: rule.line, run })}>line ${rule.line}</a>`
      }${rule.reasons.length > 0 && html`<ul>${rule.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}</div>
        </li>`,
  )}</ol>`;
}
