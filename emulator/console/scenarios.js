// Scenarios: the list, an editor that shows mistakes while one types, a trial against a request, and who plays which.

import { useEffect, useMemo, useState } from "./vendor/preact-hooks.js";
import { get, optional, path, send } from "./api.js";
import { draft } from "./drafts.js";
import { completion, Editor } from "./editor.js";
import { Rules } from "./inference.js";
import { attempt, Code, Field, go, html, link, plural, Problem, route, useLoaded } from "./ui.js";

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
  const { id } = route.value;
  const { value: known, error, again } = useLoaded(() => get("scenarios"));
  const { value: schema } = useLoaded(() => optional("schema"));
  const complete = useMemo(() => completion(schema), [schema]);
  return html`<div class=${"split" + (id ? " open" : "")}>
    <section class="side list" aria-label="List of scenarios"><${List} known=${known} error=${error} id=${id} />
      </section>
    <section class="detail" aria-label="Scenario">
      ${id ? html`<${Scenario} key=${id} name=${id} known=${known} changed=${again}
        complete=${complete} />` : html`<${Players} known=${known} changed=${again} />`}</section>
  </div>`;
}

function List({ known, error, id }) {
  const [words, set] = useState("");
  const all = known?.scenarios ?? [];
  const matches = all.filter((each) =>
    [each.name, ...each.aliases, each.description, ...each.errors, ...each.faults]
      .join(" ")
      .toLowerCase()
      .includes(words.toLowerCase()),
  );
  const keys = (event) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    const items = [...event.currentTarget.querySelectorAll("a")];
    const at = items.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    items[Math.max(0, Math.min(items.length - 1, at + step))].focus();
  };
  return html`<div class="search"><label class="hidden" for="search">Search the scenarios</label>
      <input id="search" type="search" placeholder="Search, such as 429 or stall" value=${words}
        onInput=${(event) => set(event.target.value)} />
      <a class="button" href=${link("scenarios", "new")}>New</a></div>
    <${Problem} error=${error} />
    <ul class="stories" onKeyDown=${keys}>${matches.map(
      (
        each,
      ) => html`<li key=${each.name}><a href=${link("scenarios", each.name)}
        aria-current=${each.name === id ? "true" : undefined}>
      <span class="story-name"><b>${each.name}</b>
        ${each.name === known.active && html` <span
          class="tag ok">plays</span>`}${each.mistakes.length > 0 && html` <span
          class="tag bad">${plural(each.mistakes.length, "mistake")}</span>`}
      <span class="tags">${each.errors.map((error) => html`<span class="tag">${error}
        </span> `)}${each.faults.map((fault) => html`<span class="tag">${fault}</span> `)}</span></span>
      <span class="about">${each.description}</span></a></li>`,
    )}</ul>
    <p class="rows-foot">${plural(matches.length, "scenario")}</p>`;
}

function Scenario({ name, known, changed, complete }) {
  const fresh = name === "new";
  const { query } = route.value;
  const [text, setText] = useState(fresh ? (draft.value ?? NEW) : "");
  const [checked, setChecked] = useState({ mistakes: [], warnings: [] });
  const { value: source, error } = useLoaded(() => (fresh ? null : get(path`scenarios/${name}/source`)), [name]);
  useEffect(() => {
    if (fresh) draft.value = null;
    else if (source?.text) setText(source.text);
  }, [source]);
  useEffect(() => {
    if (!text.trim()) return undefined;
    let late = false;
    const timer = setTimeout(async () => {
      try {
        const told = await send("POST", "check", text);
        if (!late) setChecked(told);
      } catch (failed) {
        if (!late) setChecked({ mistakes: [{ message: failed.message }], warnings: [] });
      }
    }, 200);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [text]);
  const story = known?.scenarios.find((each) => each.name === name || each.aliases.includes(name));
  const called = checked.name ?? (fresh ? null : name);
  const mistaken = checked.mistakes.length > 0;
  const reveal = useMemo(() => (query.line ? { line: Number(query.line) } : null), [query.line]);
  const save = () =>
    attempt(async () => {
      await send("PUT", path`scenarios/${called}`, text);
      changed();
      if (called !== name) go("scenarios", called, query);
    }, `Stored: ${called}. Its rules start from the beginning.`);
  const remove = () =>
    attempt(async () => {
      await send("DELETE", path`scenarios/${name}`);
      changed();
      go("scenarios");
    }, `Deleted: ${name}`);
  if (error) return html`<div class="page"><${Problem} error=${error} /></div>`;
  if (source && source.text == null)
    return html`<div class="page"><h1>${name}</h1><p>This scenario has no text: it is ${source.source}.</p>
      <${Trial} scenario=${name} run=${query.run} /></div>`;
  return html`<div class="scenario">
    <header class="record-head"><a class="back" href=${link("scenarios")}>‹ All</a><h1>
      ${fresh ? "A new scenario" : name}</h1>${story && html`<span class="muted source">${story.source}</span>`}
      <div class="actions"><button type="button" class="main" disabled=${mistaken || !called}
        onClick=${save}>Store</button>
      ${story && !/^(\/|built in)/.test(story.source) && html`<button type="button" class="danger"
        onClick=${remove}>Delete</button>`}</div></header>
    ${story && (story.aliases.length > 0 || story.description) && html`<p class="muted">
      ${story.description} ${story.aliases.length > 0 && html`Also called ${story.aliases.join(", ")}.`}</p>`}
    <${Editor} label=${`The scenario ${name}, as YAML`} text=${text} set=${setText} mistakes=${checked.mistakes}
      warnings=${checked.warnings} reveal=${reveal} complete=${complete} />
    ${!mistaken && text.trim() && html`<p class="good">No mistakes.</p>`}
    <${Trial} text=${text} run=${query.run} mistaken=${mistaken} />
    ${!fresh && html`<${Activate} name=${name} known=${known} changed=${changed} />`}
  </div>`;
}

/** What the rules make of a request: one that is written here, or one of the record. */
function Trial({ text, scenario, run, mistaken }) {
  const [message, setMessage] = useState("What is the weather?");
  const [inference, setInference] = useState(run ?? "");
  const [told, tell] = useState(null);
  const explain = async () => {
    const asked = inference
      ? { inference }
      : { request: { model: "zai-org/GLM-5.3", messages: [{ role: "user", content: message }] } };
    return send("POST", "explain", { ...(scenario ? { scenario } : { text }), ...asked });
  };
  useEffect(() => {
    if (mistaken || (!scenario && !text?.trim())) return undefined;
    let late = false;
    const timer = setTimeout(
      () =>
        explain().then(
          (value) => late || tell({ value }),
          (error) => late || tell({ error }),
        ),
      300,
    );
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [text, message, inference, mistaken]);
  return html`<section class="trial"><h2>What it makes of a request</h2>
    <div class="trial-fields"><${Field} label="Message">
      <input value=${message} disabled=${inference !== ""} onInput=${(event) => setMessage(event.target.value)} /><//>
      <${Field} label="or inference number">
        <input inputmode="numeric" placeholder="none" value=${inference}
          onInput=${(event) => setInference(event.target.value.replace(/^#/, "").trim())} /><//></div>
    ${told?.error && html`<${Problem} error=${told.error} />`}
    ${!mistaken && told?.value && !told.value.mistakes?.length && html`<p>${told.value.why}</p>
      <${Rules} rules=${told.value.rules} />`}</section>`;
}

function Activate({ name, known, changed }) {
  const [key, set] = useState("");
  const playing = known?.active === name;
  const act = (scenario) => (event) => {
    event?.preventDefault();
    return attempt(
      async () => {
        await send("POST", "activate", { scenario, ...(key.trim() && { key: key.trim() }) });
        changed();
      },
      scenario
        ? `${name} plays for ${key.trim() || "every key that names no other scenario"}.`
        : "Nothing plays by default.",
    );
  };
  return html`<section class="trial"><h2>Play it</h2><p class="muted">The key <code>akml-${name}
    </code> plays it at any time. Or let it answer another key, or every key that names no scenario.</p>
    <form class="row-fields" onSubmit=${act(name)}><${Field} label="Key (empty: every key)">
      <input class="mono" value=${key} placeholder="akml-…" autocomplete="off"
        onInput=${(event) => set(event.target.value)} /><//>
      <button class="main">Activate</button>
        ${playing && html`<button type="button" onClick=${act(null)}>Deactivate</button>`}</form></section>`;
}

/** Who plays what, while no scenario is chosen. */
function Players({ known, changed }) {
  const { value } = useLoaded(() => optional("accounts"));
  const players = (value?.accounts ?? []).filter((each) => each.scenario);
  const stop = () =>
    attempt(async () => changed(await send("POST", "activate", { scenario: null })), "Nothing plays by default.");
  if (!known) return null;
  return html`<div class="overview"><h1>Who plays what</h1>
    <p>${known.active ? html`<a href=${link("scenarios", known.active)}>${known.active}
      </a> plays for every key that names no other. <button type="button" class="quiet"
        onClick=${stop}>Deactivate</button>` : "A key that names no scenario is answered by the generator."}</p>
    ${
      players.length > 0
        ? html`<table class="plain"><thead><tr><th>Key</th><th>Scenario</th>
          <th class="num">Requests</th></tr></thead><tbody>${players.map(
            (each) =>
              html`<tr><td><a class="mono" href=${link("inferences", null, { namespace: each.namespace })}>${each.key}
                </a></td><td><a href=${link("scenarios", each.scenario)}>${each.scenario}</a></td><td class="num">${each.requests}</td></tr>`,
          )}</tbody></table>`
        : html`<p class="muted">No key has played a scenario yet. Ask with a key that names one, or write one of your own:</p><${Code} label="scenario" text=${NEW} />`
    }
  </div>`;
}
