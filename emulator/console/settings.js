// Settings: the clock, keys and their limits, accounts with credits and ledgers, usage, and all settings of the server.

import { useState } from "./vendor/preact-hooks.js";
import { Account } from "./accounts.js";
import { get, optional, path, query, send } from "./api.js";
import { Usage } from "./charts.js";
import {
  attempt,
  Code,
  Copy,
  day,
  Field,
  html,
  link,
  money,
  number,
  Problem,
  Tabs,
  time,
  go,
  route,
  useLoaded,
} from "./ui.js";

const TABS = [
  ["clock", "Clock"],
  ["keys", "Keys"],
  ["accounts", "Accounts"],
  ["usage", "Usage"],
  ["server", "Server"],
];

export default function Settings() {
  const tab = TABS.find(([id]) => id === route.value.id)?.[0] ?? "clock";
  const Shown = { clock: Clock, keys: Keys, accounts: Accounts, usage: UsageTab, server: Server }[tab];
  return html`<div class="page"><h1>Settings</h1>
    <${Tabs} label="Settings" tabs=${TABS} current=${tab} pick=${(id) => go("settings", id, {}, true)} />
    <div role="tabpanel" class="tab-panel" aria-label=${TABS.find(([id]) => id === tab)[1]}><${Shown} /></div></div>`;
}

// ------------------------------------------------------------------------------------------ the clock

const STEPS = ["1s", "10s", "1m", "1h", "1d"];

function Clock() {
  const { value, error, again } = useLoaded(() => get("clock"));
  const [step, setStep] = useState("60s");
  const [moment, setMoment] = useState("");
  const move = (change, done) => attempt(async () => again(await send("POST", "clock", change)), done);
  if (error) return html`<${Problem} error=${error} />`;
  if (!value) return null;
  const frozen = value.mode === "frozen";
  return html`<p class="clock"><time class="mono">${value.now}
    </time> <span class=${"tag " + (frozen ? "cut" : "ok")}>
    ${frozen ? "frozen" : value.rate === 1 ? "running" : `running ×${value.rate}`}</span>
      <button type="button" class="quiet" onClick=${again}>Look again</button></p>
    <p class="muted">Waits, limits, trials and expiries follow this clock. Frozen and advanced by hand, a test waits for nothing.</p>
    <div class="row-fields">${frozen ? html`<button type="button" class="main"
      onClick=${() => move({ run: true }, "The clock runs.")}>Run</button>` : html`<button type="button" class="main"
      onClick=${() => move({ freeze: true }, "The clock is frozen.")}>Freeze</button>`}
      ${["x10", "x60", "x3600"].map((rate) => html`<button type="button"
        onClick=${() => move({ rate }, `The clock runs ${rate}.`)}>${rate}</button>`)}</div>
    <form class="row-fields" onSubmit=${(event) => {
      event.preventDefault();
      move({ advance: step }, `Advanced by ${step}.`);
    }}>
      <${Field} label="Advance by"><input class="mono" value=${step}
        onInput=${(event) => setStep(event.target.value)} /><//><button>Advance</button>
      ${STEPS.map((each) => html`<button type="button" class="quiet"
        onClick=${() => move({ advance: each }, `Advanced by ${each}.`)}>+${each}</button>`)}</form>
    <form class="row-fields" onSubmit=${(event) => {
      event.preventDefault();
      move({ set: moment }, `It is ${moment}.`);
    }}>
      <${Field} label="Set to"><input class="mono" placeholder=${value.now} value=${moment}
        onInput=${(event) => setMoment(event.target.value)} /><//><button disabled=${!moment}>Set</button></form>
    <${Code} label="command" text=${`curl -X POST ${document.baseURI.split("#")[0]}clock -d '{"advance": "60s"}'`} />`;
}

// ------------------------------------------------------------------------------------------ keys

const LIMITS = [
  ["requests_per_minute", "Requests per minute"],
  ["tokens_per_minute", "Tokens per minute"],
  ["concurrency", "Requests at a time"],
];

/** The policy that the fields of a form say. */
function policyOf(form) {
  const given = new FormData(form);
  const set = {};
  for (const [name] of LIMITS) if (given.get(name)) set[name] = Number(given.get(name));
  if (given.get("expires")) set.expires = given.get("expires");
  if (given.get("models"))
    set.models = given
      .get("models")
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean);
  return set;
}

function Limits({ policy = {} }) {
  return html`${LIMITS.map(([name, label]) => html`<${Field} label=${label}>
    <input name=${name} type="number" min="1" placeholder="no limit" value=${policy[name] ?? ""} /><//>`)}
    <${Field} label="Expires"><input name="expires" placeholder="never, or 2030-01-01" value=${policy.expires ?? ""} />
      <//>
    <${Field} label="Models"><input name="models" placeholder="all, or *GLM*"
      value=${(policy.models ?? []).join(", ")} /><//>`;
}

function Keys() {
  const { value, error, again } = useLoaded(() => get("keys"));
  const [made, setMade] = useState(null);
  const [edited, edit] = useState(null);
  const create = (event) => {
    event.preventDefault();
    const form = event.target;
    return attempt(async () => {
      setMade(await send("POST", "keys", { name: form.elements.name.value, policy: policyOf(form) }));
      form.reset();
      again();
    });
  };
  const act = (action, done) =>
    attempt(async () => {
      const told = await action();
      if (told?.key) setMade(told);
      edit(null);
      again();
    }, done);
  const save = (each) => (event) => {
    event.preventDefault();
    return act(
      () => send("PUT", path`keys/${each.id}`, { policy: policyOf(event.target) }),
      `Changed: ${each.name || each.id}`,
    );
  };
  if (error) return html`<${Problem} error=${error} />`;
  return html`<form class="grid-form" onSubmit=${create}><${Field} label="Name"><input name="name" placeholder="ci" />
    <//><${Limits} /><button class="main">Create a key</button></form>
    ${made && html`<div class="made" role="status"><p><b>${made.name || made.id}
      </b>: copy the key now, since it is not shown again.</p><p><code>${made.key}</code> <${Copy} text=${made.key} />
      </p></div>`}
    ${
      value?.keys.length
        ? html`<div class="scroll"><table class="plain"><thead><tr><th>Name</th><th>Key</th><th>Status</th>
          <th class="num">RPM</th><th class="num">TPM</th><th class="num">At a time</th><th>Expires</th>
          <th>Models</th><th></th></tr></thead>
      <tbody>${value.keys.map(
        (
          each,
        ) => html`<tr key=${each.id}><td>${each.name || each.id}</td><td class="mono">${each.shown}</td><td>
          <span class=${"tag " + (each.status === "active" ? "ok" : "bad")}>${each.status}</span></td>
          ${LIMITS.map(([name]) => html`<td class="num">${number(each.policy[name])}</td>`)}<td>
            ${each.policy.expires ?? "never"}</td><td>${each.policy.models?.join(", ") ?? "all"}</td>
          <td class="num">${
            each.status === "active" &&
            html`<button type="button" class="quiet"
              onClick=${() => edit(edited === each.id ? null : each.id)}>Limits</button> <button type="button"
              class="quiet" onClick=${() => act(() => send("POST", path`keys/${each.id}/regenerate`, {}), "A new secret")}>New secret</button>
            <button type="button" class="quiet danger"
              onClick=${() => act(() => send("DELETE", path`keys/${each.id}`), `Revoked: ${each.name || each.id}`)}>Revoke</button>`
          }</td></tr>
          ${edited === each.id && html`<tr><td colspan="9"><form class="grid-form" onSubmit=${save(each)}>
            <${Limits} policy=${each.policy} /><button class="main">Save</button></form></td></tr>`}`,
      )}</tbody></table></div>`
        : html`<p class="muted">No key was created yet. Any key that looks like one is accepted, unless auth is strict.</p>`
    }`;
}

// ------------------------------------------------------------------------------------------ accounts and usage

function Accounts() {
  const { value, error } = useLoaded(() => optional("accounts"));
  const [typed, type] = useState("");
  const key = route.value.query.key;
  const choose = (event) => {
    event.preventDefault();
    if (typed.trim()) go("settings", "accounts", { key: typed.trim() });
  };
  return html`<form class="row-fields" onSubmit=${choose}><${Field} label="Key">
    <input class="mono" list="accounts" placeholder="akml-…" autocomplete="off" value=${typed || key || ""}
      onInput=${(event) => type(event.target.value)} /><//><button class="main">Show</button></form>
    <${Problem} error=${error} />
    ${key && html`<${Account} key=${key} name=${key} />`}
    ${
      value?.accounts.length
        ? html`<div class="scroll"><table class="plain"><thead><tr><th>Key</th><th>Scenario</th>
          <th class="num">Requests</th><th class="num">Charged</th><th class="num">Balance</th><th>Last</th></tr>
          </thead><tbody>${value.accounts.map(
            (
              each,
            ) => html`<tr><td class="mono">
              ${each.secret ? html`<a href=${link("inferences", null, { namespace: each.namespace })}>
              ${each.key || "none"}</a>` : html`<a href=${link("settings", "accounts", { key: each.key })}>${each.key}
              </a>`}</td>
        <td>${each.scenario && html`<a href=${link("scenarios", each.scenario)}>${each.scenario}</a>`}</td>
          <td class="num">${number(each.requests)}</td><td class="num">${money(each.charge)}</td>
        <td class="num">${each.account?.credits ? money(each.account.credits.balance) : "–"}</td><td>
          ${day(each.last)} ${time(each.last)}</td></tr>`,
          )}</tbody></table></div>`
        : html`<p class="muted">No key has asked anything yet.</p>`
    }`;
}

function UsageTab() {
  const { key } = route.value.query;
  const { value, error } = useLoaded(() => get("usage" + query({ buckets: 60, key })));
  if (error) return html`<${Problem} error=${error} />`;
  return value
    ? html`<p class="muted">Tokens by model, of the inferences that are remembered.</p><${Usage} usage=${value} />`
    : null;
}

// ------------------------------------------------------------------------------------------ the server

const written = (value) =>
  value === ""
    ? "–"
    : Array.isArray(value)
      ? value.join(", ") || "–"
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);

function Server() {
  const { value, error } = useLoaded(() => get("settings"));
  const { value: health } = useLoaded(() => get("health"));
  const reset = () => attempt(() => send("POST", "reset", {}), "Everything that happened was forgotten.");
  if (error) return html`<${Problem} error=${error} />`;
  return html`<div class="row-fields">
    <p>Version ${health?.version}. The settings are fixed when the server starts: <code>serve --set name=value</code>. <a href="openapi.json">The routes as OpenAPI</a></p>
      <button type="button" class="danger" onClick=${reset}>Forget all that happened</button></div>
    <div class="scroll"><table class="plain settings"><thead><tr><th>Setting</th><th>Value</th><th>Meaning</th></tr>
      </thead><tbody>${value?.settings.map(
      (each) =>
        html`<tr><td class="mono">${each.name}</td><td class="mono">
          ${JSON.stringify(each.value) === JSON.stringify(each.default) ? written(each.value) : html`<b>
          ${written(each.value)}</b>`}</td><td>${each.meaning} <small class="muted">${each.expected}</small></td></tr>`,
    )}</tbody></table></div>`;
}
