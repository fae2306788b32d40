// Models: the catalogue with prices, and the backends, which are switched off and slowed here.

import { useState } from "./vendor/preact-hooks.js";
import { get, send } from "./api.js";
import { attempt, html, link, number, Problem, useLoaded } from "./ui.js";

const STATES = {
  up: { label: "Up, no limits", backends: null },
  gone: { label: "No backend: 504", backends: { total: 0 } },
  ill: { label: "None healthy: 529", backends: { total: 1, healthy: 0 } },
  slow: { label: "One slot, queue of 5 s", backends: { slots: 1, queue: "5s" } },
};
const perMillion = (price) => (price == null ? "–" : "$" + number(Number(price) * 1e6));
const thousands = (tokens) =>
  tokens == null
    ? "–"
    : tokens >= 1 << 20
      ? `${number(Math.round((tokens / (1 << 20)) * 10) / 10)}M`
      : tokens >= 1000
        ? `${number(Math.round(tokens / 1024))}K`
        : number(tokens);

export default function Models() {
  const { value, error, again } = useLoaded(async () => {
    const [{ models }, { models: backends }] = await Promise.all([get("models"), get("backends")]);
    return models.map((model) => ({ ...model, serving: backends.find((each) => each.model === model.id) }));
  });
  const [words, set] = useState("");
  if (error) return html`<div class="page"><${Problem} error=${error} /></div>`;
  if (!value) return null;
  const shown = value.filter((each) =>
    [each.id, each.name, each.description, ...(each.supported_features ?? [])]
      .join(" ")
      .toLowerCase()
      .includes(words.toLowerCase()),
  );
  return html`<div class="page"><div class="page-head"><h1>Models</h1>
    <label class="hidden" for="search">Search the models</label>
      <input id="search" type="search" placeholder="Search, such as reasoning" value=${words}
        onInput=${(event) => set(event.target.value)} /></div>
    <p class="muted">Prices are USD per million tokens. The backends of a model can be switched off or slowed while clients run.</p>
    <div class="models">${shown.map((model) => html`<${Model} key=${model.id} model=${model} again=${again} />`)}
      </div></div>`;
}

function Model({ model, again }) {
  const { serving, pricing } = model;
  const put = (event) => {
    const { label, backends } = STATES[event.target.value];
    return attempt(
      async () => {
        await send("PUT", "backends", { model: model.id, backends });
        again();
      },
      `${model.name ?? model.id}: ${label}`,
    );
  };
  const state = stateOf(serving);
  const id = "backends-" + model.id;
  return html`<article class="model">
    <header><h2><a href=${link("inferences", null, { model: model.id })} title="Its inferences">
      ${model.name ?? model.id}</a></h2>
      <span class=${"tag " + (state === "up" ? "ok" : serving?.healthy_now === false || state === "gone" ? "bad" : "cut")}>${state === "up" ? "up" : state === "gone" ? "no backend" : serving?.healthy_now === false ? "none healthy" : "limited"}</span></header>
    <code>${model.id}</code>
    <p class="muted">${model.description}</p>
    <dl class="prices"><div><dt>Input</dt><dd>${perMillion(pricing?.input)}</dd></div><div><dt>Output</dt><dd>
      ${perMillion(pricing?.output)}</dd></div>
      <div><dt>Cached</dt><dd>${perMillion(pricing?.input_cache_read)}</dd></div><div><dt>Context</dt><dd>
        ${thousands(model.context_length)}</dd></div><div><dt>Output limit</dt><dd>
        ${thousands(model.max_output_length)}</dd></div></dl>
    <p class="tags">${[...(model.supported_features ?? []), ...(model.input_modalities ?? []).filter((each) => each !== "text"), model.quantization].filter(Boolean).map((each) => html`<span class="tag">${each}</span> `)}</p>
    <footer><label for=${id}>Backends</label><select id=${id} value=${state} onChange=${put}>
      ${Object.entries(STATES).map(([name, { label }]) => html`<option value=${name}>${label}
        </option>`)}${state === "own" && html`<option value="own" disabled>as they were set</option>`}</select>
      ${serving?.backends && html`<small class="muted">
        ${number(serving.running)} running, ${number(serving.waiting)} waiting</small>`}</footer>
  </article>`;
}

/** The state that the backends of a model are in, or "own" for another. */
function stateOf(serving) {
  const backends = serving?.backends;
  if (!backends) return "up";
  if (backends.total === 0) return "gone";
  if (backends.healthy === 0) return "ill";
  return backends.slots === 1 ? "slow" : "own";
}
