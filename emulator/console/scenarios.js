// Scenarios: the list, an editor that shows mistakes while one types, a trial against a request, and who plays which.

import { useEffect, useMemo, useState } from "./vendor/preact-hooks.js";
import { get, path, send } from "./api.js";
import { draft } from "./drafts.js";
import { completion, Editor } from "./editor.js";
import { Rules } from "./inference.js";
import * as ui from "./ui.js";
import { attempt, Field, go, html, into, link, plural, Problem, quiet, tag, useLoaded, useSettled } from "./ui.js";

const NEW = `name: my-scenario
rules:
  - name: weather
    when: {last_user: {contains: weather}}
    reply: {text: "It is sunny."}
  - name: limited
    replies:
      - {error: rate_limited, retry_after: 2s}
      - {text: "Now it works."}
`;

export default function Scenarios() {
  const { id } = ui.route.value;
  const { value: known, error, again } = useLoaded(() => get("scenarios"));
  const { value: schema } = useLoaded(() => get("schema"));
  const complete = useMemo(() => completion(schema), [schema]);
  if (!known) return html`<${Problem} error=${error} />`;
  return ui.split(
    id,
    "scenario",
    html`<${List} known=${known} id=${id} />`,
    id
      ? html`<${Scenario} key=${id} name=${id} known=${known} changed=${again} complete=${complete} />`
      : html`<${Players} known=${known} changed=${again} />`,
  );
}

function List({ known: { scenarios, active }, id }) {
  const [words, set] = useState("");
  const matches = scenarios.filter(({ name, aliases, description, errors, faults }) =>
    ui.contains([name, ...aliases, description, ...errors, ...faults], words),
  );
  const items = matches.map(({ name, mistakes, errors, faults, description }) => ({
    name,
    about: description,
    tags: html`${name === active && tag("plays", "ok")}
      ${mistakes.length > 0 && tag(plural(mistakes.length, "mistake"), "bad")}
      ${[...errors, ...faults].map((each) => tag(each))}`,
  }));
  return html`<div class="search"><${ui.Search} what="scenarios" hint="429 or stall" value=${words} set=${set} />
      <a class="button" href=${link("scenarios", "new")}>New</a></div>
    ${ui.stories("scenarios", id, items)}
    <p class="rows-foot">${plural(matches.length, "scenario")}</p>`;
}

function Scenario({ name, known, changed, complete }) {
  const fresh = name === "new";
  const { line, run } = ui.route.value.query;
  const [text, setText] = useState(fresh ? (draft.value ?? NEW) : "");
  const [checked, setChecked] = useState({ mistakes: [], warnings: [] });
  const { value: source, error } = useLoaded(async () => !fresh && get(path`scenarios/${name}/source`), [name]);
  useEffect(() => {
    if (fresh) draft.value = null;
    else if (source?.text) setText(source.text);
  }, [source]);
  const check = async (late) => {
    if (!text.trim()) return;
    const failed = ({ message }) => ({ mistakes: [{ message }], warnings: [] });
    const told = await send("POST", "check", text).catch(failed);
    if (!late()) setChecked(told);
  };
  useSettled(check, 200, [text]);
  const story = known.scenarios.find((each) => each.name === name || each.aliases.includes(name));
  const called = checked.name ?? (fresh ? null : name);
  const mistaken = checked.mistakes.length > 0;
  const save = () =>
    attempt(async () => {
      await send("PUT", path`scenarios/${called}`, text);
      changed();
      if (called !== name) go("scenarios", called, { line, run });
    }, `Stored: ${called}. Its rules start from the beginning.`);
  const remove = () =>
    attempt(async () => {
      await send("DELETE", path`scenarios/${name}`);
      changed();
      go("scenarios");
    }, `Deleted: ${name}`);
  if (error) return html`<${Problem} error=${error} />`;
  const back = html`<a class="back" href=${link("scenarios")}>‹ All</a>`;
  const play = !fresh && html`<${Activate} name=${name} known=${known} changed=${changed} />`;
  const about = story && html`<p class="muted">${story.description}
    ${story.aliases.length > 0 && ` Also called ${story.aliases.join(", ")}.`}</p>`;
  if (source && source.text == null)
    return html`<div class="scenario"><header class="record-head">${back}<h1>${name}</h1></header>
      ${about}<p>This scenario has no text: it is ${source.source}.</p>
      <${Trial} scenario=${name} run=${run} />${play}</div>`;
  return html`<div class="scenario">
    <header class="record-head">${back}<h1>${fresh ? "A new scenario" : name}</h1>
      ${story && html`<small class="muted source">${story.source}</small>`}
      <div class="actions"><button type="button" class="main" disabled=${mistaken || !called}
        onClick=${save}>Store</button>
      ${story && !/^(\/|built in)/.test(story.source) && html`<button type="button" class="danger"
        onClick=${remove}>Delete</button>`}</div></header>
    ${about}
    <${Editor} label=${`The scenario ${name}, as YAML`} text=${text} set=${setText} checked=${checked}
      reveal=${Number(line)} complete=${complete} />
    ${!mistaken && text.trim() && html`<p class="good">No mistakes.</p>`}
    <${Trial} text=${text} run=${run} mistaken=${mistaken} />
    ${play}
  </div>`;
}

/** What the rules make of a request: one that is written here, or one of the record. */
function Trial({ text, scenario, run, mistaken }) {
  const [message, setMessage] = useState("What is the weather?");
  const [inference, setInference] = useState(run ?? "");
  const [told, tell] = useState(null);
  const explain = async (late) => {
    if (mistaken || (!scenario && !text.trim())) return;
    const request = { model: "zai-org/GLM-5.3", messages: [{ role: "user", content: message }] };
    const asked = { ...(scenario ? { scenario } : { text }), ...(inference ? { inference } : { request }) };
    const found = await send("POST", "explain", asked).then((value) => ({ value }), (error) => ({ error }));
    if (!late()) tell(found);
  };
  useSettled(explain, 300, [text, message, inference, mistaken]);
  const { value, error } = told ?? {};
  return html`<section class="trial"><h2>What it makes of a request</h2>
    <div class="trial-fields">
      <${Field} label="Message"><input value=${message} disabled=${inference !== ""} onInput=${into(setMessage)} /><//>
      <${Field} label="or inference number"><input inputmode="numeric" placeholder="none" value=${inference}
        onInput=${into((text) => setInference(text.replace("#", "").trim()))} /><//></div>
    <${Problem} error=${error} />
    ${!mistaken && value && !value.mistakes.length && html`<p>${value.why}</p><${Rules} rules=${value.rules} />`}
    </section>`;
}

function Activate({ name, known, changed }) {
  const [key, set] = useState("");
  const act = (scenario, done) => () =>
    attempt(async () => {
      await send("POST", "activate", { scenario, ...(key.trim() && { key: key.trim() }) });
      changed();
    }, done);
  const activate = act(name, `${name} plays for ${key.trim() || "every key that names no other scenario"}.`);
  return html`<section class="trial"><h2>Play it</h2>
    <p class="muted">The key <code>akml-${name}</code> plays it at any time. Or let it answer another key, or every key
      ${" "}that names no scenario.</p>
    <form class="row-fields" onSubmit=${ui.submitted(activate)}><${Field} label="Key (empty: every key)">
      <input class="mono" value=${key} placeholder="akml-…" autocomplete="off" onInput=${into(set)} /><//>
      <button class="main">Activate</button>
      ${known.active === name && html`<button type="button"
        onClick=${act(null, "Nothing plays by default.")}>Deactivate</button>`}</form></section>`;
}

/** Who plays what, while no scenario is chosen. */
function Players({ known: { active }, changed }) {
  const { value } = useLoaded(() => get("accounts"));
  const players = (value?.accounts ?? []).filter((each) => each.scenario);
  const stop = () =>
    attempt(async () => changed(await send("POST", "activate", { scenario: null })), "Nothing plays by default.");
  const rows = players.map(({ key, namespace, scenario, requests }) => [
    html`<a class="mono" href=${link("inferences", null, { namespace })}>${key}</a>`,
    html`<a href=${link("scenarios", scenario)}>${scenario}</a>`,
    requests,
  ]);
  return html`<div class="overview"><h1>Who plays what</h1>
    <p>${active ? html`<a href=${link("scenarios", active)}>${active}</a> plays for every key that names no other.
      ${" "}${quiet("Deactivate", stop)}` : "A key that names no scenario is answered by the generator."}</p>
    ${rows.length > 0
      ? ui.table(["Key", "Scenario", "#Requests"], rows)
      : html`<p class="muted">No key has played a scenario yet. Ask with a key that names one, such as
        ${" "}<code>akml-hello</code>, or store one of your own and ask with its name:</p>
        <${ui.Code} label="scenario" text=${NEW} />
        <p><a class="button" href=${link("scenarios", "new")}>Write a scenario</a></p>`}
  </div>`;
}
