// Playground: ask the emulated API as a client does, with one model or two side by side.

import { useEffect, useRef, useState } from "./vendor/preact-hooks.js";
import { signal } from "./vendor/preact-signals.js";
import { get } from "./api.js";
import { Answer, body, code, DIALECTS } from "./asking.js";
import { preset, presetOf, request } from "./drafts.js";
import { Parameters } from "./parameters.js";
import { Turn } from "./turn.js";
import { attempt, Code, Field, go, html, number, plural, Problem, short, Tabs, useLoaded } from "./ui.js";

const settings = signal({
  dialect: "chat",
  key: "akml-playground",
  stream: true,
  system: "",
  tools: "",
  format: "",
  parameters: { logprobs: true, top_logprobs: 5 },
});
const columns = signal([{ model: "", turns: [] }]);
const change = (more) => (settings.value = { ...settings.value, ...more });

export default function Playground() {
  const { value: known, error } = useLoaded(async () => {
    const [catalogue, { presets }] = await Promise.all([get("models"), get("presets")]);
    return {
      ...catalogue,
      presets: presets.map((each) => ({
        ...catalogue.models.find((model) => model.id === each.model),
        id: `@preset/${each.name}`,
        description: each.description,
      })),
    };
  });
  useEffect(() => {
    if (request.value) taken();
  }, [request.value]);
  useEffect(() => {
    if (known && !columns.value[0].model)
      columns.value = columns.value.map((each) => ({ ...each, model: known.models[0]?.id ?? "" }));
  }, [known]);
  if (error) return html`<div class="page"><${Problem} error=${error} /></div>`;
  if (!known) return null;
  const first = known.models.find((each) => each.id === columns.value[0].model);
  return html`<div class="bench">
    <aside class="panel" aria-label="Settings of the request"><${Panel} known=${known} model=${first} /></aside>
    <section class="asking" aria-label="Conversation">
      <div class=${"columns of-" + columns.value.length}>
        ${columns.value.map((column, index) => html`<${Column} key=${index} column=${column} index=${index}
          known=${known} />`)}</div>
      <${Composer} />
    </section>
  </div>`;
}

/** Begin with a request that another page handed over. */
function taken() {
  const { dialect, body: asked } = request.value;
  request.value = null;
  const { messages = [], stream } = asked;
  const {
    model,
    system,
    parameters: { tools, response_format: format, ...parameters },
  } = presetOf(asked);
  settings.value = {
    ...settings.value,
    dialect,
    stream: stream === true,
    system,
    parameters,
    tools: tools ? JSON.stringify(tools, null, 2) : "",
    format: format ? JSON.stringify(format, null, 2) : "",
  };
  columns.value = [
    {
      model,
      turns: messages.filter((each) => !["system", "developer"].includes(each.role)).map((each) => ({ asked: each })),
    },
  ];
}

// ------------------------------------------------------------------------------------------ the panel

/** Open what is set here as a preset that is not saved yet. */
const keep = () =>
  attempt(async () => {
    preset.value = presetOf(body(settings.value, columns.value[0].model, []));
    go("presets", "new");
  });

const SAMPLE_TOOLS = JSON.stringify(
  [
    {
      type: "function",
      function: {
        name: "get_weather",
        description: "The weather in a city.",
        parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
    },
  ],
  null,
  2,
);
const SAMPLE_FORMAT = JSON.stringify(
  {
    type: "json_schema",
    json_schema: {
      name: "person",
      schema: {
        type: "object",
        properties: { name: { type: "string" }, age: { type: "integer" } },
        required: ["name", "age"],
      },
    },
  },
  null,
  2,
);

function Panel({ known, model }) {
  const { dialect, key, stream, system, tools, format, parameters } = settings.value;
  const compare = columns.value.length > 1;
  const pickDialect = (event) =>
    change({
      dialect: event.target.value,
      parameters: event.target.value === "chat" ? { logprobs: true, top_logprobs: 5 } : {},
    });
  const toggle = (event) =>
    (columns.value = event.target.checked
      ? [columns.value[0], { model: known.models[1]?.id ?? columns.value[0].model, turns: [] }]
      : [columns.value[0]]);
  return html`
    <${Field} label="API"><select value=${dialect} onChange=${pickDialect}>
      ${Object.entries(DIALECTS).map(([id, { label }]) => html`<option value=${id}>${label}</option>`)}</select><//>
    <${Field} label="API key" hint="A key such as akml-rate-limited plays the scenario of that name.">
      <input class="mono" value=${key} spellcheck="false" autocomplete="off"
        onInput=${(event) => change({ key: event.target.value })} /><//>
    <div class="switches">
      <label><input type="checkbox" checked=${stream}
        onChange=${(event) => change({ stream: event.target.checked })} />Stream</label>
      <label><input type="checkbox" checked=${compare} onChange=${toggle} />Two models</label>
    </div>
    <${Field} label="System prompt"><textarea rows="3" value=${system}
      onInput=${(event) => change({ system: event.target.value })}></textarea><//>
    <h2>Parameters</h2>
    <${Parameters} schemas=${known.parameters[dialect] ?? {}} model=${model} dialect=${dialect} values=${parameters}
      set=${(next) => change({ parameters: next })} />
    <${Editor} label="Tools" text=${tools} sample=${SAMPLE_TOOLS} set=${(text) => change({ tools: text })} />
    <${Editor} label="Response format" text=${format} sample=${SAMPLE_FORMAT}
      set=${(text) => change({ format: text })} />
    <button type="button" onClick=${keep}>Save as preset</button>`;
}

function Editor({ label, text, sample, set }) {
  let mistake = null;
  try {
    if (text.trim()) JSON.parse(text);
  } catch (error) {
    mistake = error.message;
  }
  return html`<details class="editor-field" open=${text !== ""}><summary>
    ${label}${text ? "" : html` <span class="muted">none</span>`}</summary>
    <${Field} label=${label + ", as JSON"} hint=${mistake}>
      <textarea class="mono" rows="8" spellcheck="false" value=${text} aria-invalid=${mistake ? "true" : "false"}
        onInput=${(event) => set(event.target.value)}></textarea><//>
    <p>${!text && html`<button type="button" class="quiet"
      onClick=${() => set(sample)}>Insert an example</button>`}${text && html`<button type="button" class="quiet"
      onClick=${() => set("")}>Remove</button>`}</p></details>`;
}

// ------------------------------------------------------------------------------------------ asking

/** What a column has said so far, as messages of the request. */
function messages(turns) {
  return turns.flatMap(({ asked, answer }) => {
    const said = answer && (answer.text || answer.reasoning) ? [{ role: "assistant", content: answer.text }] : [];
    return [asked, ...said];
  });
}

function ask(text) {
  const { key, dialect } = settings.value;
  const asked = { role: "user", content: text };
  columns.value = columns.value.map((column) => {
    const answer = new Answer(dialect, body(settings.value, column.model, [...messages(column.turns), asked]));
    answer.run(key);
    return { ...column, turns: [...column.turns, { asked, answer }] };
  });
}

const message = signal("");
const lastAnswers = () => columns.value.map((each) => each.turns.at(-1)?.answer).filter(Boolean);

function Composer() {
  const text = message.value;
  const answers = lastAnswers();
  for (const answer of answers) answer.version.value;
  const running = answers.some((each) => each.ended == null);
  const stop = () => lastAnswers().forEach((each) => each.stop());
  const submit = (event) => {
    event.preventDefault();
    if (!message.value.trim() || lastAnswers().some((each) => each.ended == null)) return;
    attempt(async () => {
      ask(message.value);
      message.value = "";
    });
  };
  const keys = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
    else if (event.key === "Escape") stop();
  };
  const clear = () => (columns.value = columns.value.map((each) => ({ ...each, turns: [] })));
  return html`<form class="composer" onSubmit=${submit}>
    <label class="hidden" for="message">Message</label>
    <textarea id="message" rows="2" placeholder="Message; Enter sends, Shift+Enter begins a line" value=${text}
      onInput=${(event) => (message.value = event.target.value)} onKeyDown=${keys}></textarea>
    <div>${running ? html`<button type="button" onClick=${stop}>Stop</button>` : html`<button class="main"
      disabled=${!text.trim()}>Send</button>`}
      <button type="button" class="quiet" onClick=${clear} disabled=${running || !answers.length}>Clear</button></div>
  </form>`;
}

function Column({ column, index, known }) {
  const [shown, show] = useState("talk");
  const end = useRef();
  const last = column.turns.at(-1)?.answer;
  const version = last?.version.value;
  useEffect(() => {
    const box = end.current;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 160) box.scrollTop = box.scrollHeight;
  }, [version, column.turns.length]);
  const all = [...known.models, ...known.presets];
  const model = all.find((each) => each.id === column.model);
  const pick = (event) =>
    (columns.value = columns.value.map((each, at) => (at === index ? { ...each, model: event.target.value } : each)));
  const listed = model || !column.model ? all : [...all, { id: column.model }];
  return html`<div class="column">
    <div class="column-head"><label class="hidden" for=${"model-" + index}>Model</label>
      <select id=${"model-" + index} value=${column.model} onChange=${pick}>
        ${listed.map((each) => html`<option value=${each.id}>${each.id}</option>`)}</select>
      <${Tabs} label="Shown" tabs=${[
        ["talk", "Talk"],
        ["code", "Code"],
      ]} current=${shown} pick=${show} /></div>
    <div class="column-body" ref=${end} tabindex="0" role="region"
      aria-label=${`Conversation with ${short(column.model)}`}>
      ${
        shown === "code"
          ? html`<${View} column=${column} />`
          : column.turns.length
            ? html`<div class="talk">${column.turns.map((turn, at) => html`<${Turn} key=${at} turn=${turn}
              pricing=${model?.pricing} />`)}</div>`
            : html`<p class="muted hint">
              ${model?.description ?? "Nothing was said yet."}${model?.pricing && html`<br />
              ${plural(model.context_length, "token")} of context, $${number(Number(model.pricing.input) * 1e6)} in and $${number(Number(model.pricing.output) * 1e6)} out per million.`}</p>`
      }
    </div></div>`;
}

function View({ column }) {
  const [language, pick] = useState("curl");
  const last = column.turns.at(-1);
  let asked;
  let error = null;
  try {
    asked =
      last?.answer?.asked ??
      body(settings.value, column.model, [...messages(column.turns), { role: "user", content: "Hello" }]);
  } catch (failed) {
    error = failed;
  }
  return html`<div class="view"><${Tabs} label="Language" tabs=${[
    ["curl", "curl"],
    ["python", "Python"],
    ["node", "Node"],
  ]} current=${language} pick=${pick} />
    ${error ? html`<${Problem} error=${error} />` : html`<${Code} tall label=${language}
      text=${code(language, last?.answer?.dialect ?? settings.value.dialect, asked)} />`}</div>`;
}
