// Settings: the clock, keys and their limits, accounts with credits and ledgers, usage, and all settings of the server.

import { useState } from "./vendor/preact-hooks.js";
import { Account } from "./accounts.js";
import { address, get, path, query, send } from "./api.js";
import { Usage } from "./charts.js";
import * as ui from "./ui.js";
import { attempt, Code, Field, go, html, into, link, Problem, quiet, submitted, table, tag, useLoaded } from "./ui.js";

const TABS = [
  ["clock", "Clock"],
  ["keys", "Keys"],
  ["accounts", "Accounts"],
  ["usage", "Usage"],
  ["server", "Server"],
];

export default function Settings() {
  const [tab, label] = TABS.find(([id]) => id === ui.route.value.id) ?? TABS[0];
  const Shown = { clock: Clock, keys: Keys, accounts: Accounts, usage: UsageTab, server: Server }[tab];
  return html`<div class="page"><h1>Settings</h1>
    <${ui.Tabs} label="Settings" tabs=${TABS} current=${tab} pick=${(id) => go("settings", id, {}, true)} />
    <div role="tabpanel" class="tab-panel" aria-label=${label}><${Shown} /></div></div>`;
}

// ------------------------------------------------------------------------------------------ the clock

const STEPS = ["1s", "10s", "1m", "1h", "1d"];

function Clock() {
  const { value, error, again } = useLoaded(() => get("clock"));
  const [step, setStep] = useState("60s");
  const [moment, setMoment] = useState("");
  const move = (change, done) => () => attempt(async () => again(await send("POST", "clock", change)), done);
  if (!value) return html`<${Problem} error=${error} />`;
  const frozen = value.mode === "frozen";
  const advance = (by) => move({ advance: by }, `Advanced by ${by}.`);
  const button = (label, act, kind) => html`<button type="button" class=${kind} onClick=${act}>${label}</button>`;
  return html`<p class="clock"><time class="mono">${value.now}</time>
      ${" "}${tag(frozen ? "frozen" : value.rate === 1 ? "running" : `running ×${value.rate}`, frozen ? "cut" : "ok")}
      ${quiet("Look again", again)}</p>
    <p class="muted">Waits, limits, trials and expiries follow this clock. While it is frozen and advanced by hand, a
      ${" "}test waits for nothing.</p>
    <div class="row-fields">
      ${frozen
        ? button("Run", move({ run: true }, "The clock runs."), "main")
        : button("Freeze", move({ freeze: true }, "The clock is frozen."), "main")}
      ${["x10", "x60", "x3600"].map((rate) => button(rate, move({ rate }, `The clock runs ${rate}.`)))}</div>
    <form class="row-fields" onSubmit=${submitted(advance(step))}>
      <${Field} label="Advance by"><input class="mono" value=${step} onInput=${into(setStep)} /><//>
      <button>Advance</button>
      ${STEPS.map((each) => quiet("+" + each, advance(each)))}</form>
    <form class="row-fields" onSubmit=${submitted(move({ set: moment }, `It is ${moment}.`))}>
      <${Field} label="Set to"><input class="mono" placeholder=${value.now} value=${moment}
        onInput=${into(setMoment)} /><//><button disabled=${!moment}>Set</button></form>
    <${Code} label="command" text=${`curl -X POST ${address("clock")} -d '{"advance": "60s"}'`} />`;
}

// ------------------------------------------------------------------------------------------ keys

const LIMITS = [
  ["requests_per_minute", "Requests per minute"],
  ["tokens_per_minute", "Tokens per minute"],
  ["concurrency", "Requests at a time"],
];

/** The policy that the fields of a form say. */
function policyOf(form) {
  const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim()));
  const policy = {};
  for (const [name] of LIMITS) if (given[name]) policy[name] = Number(given[name]);
  if (given.expires) policy.expires = given.expires;
  if (given.models) policy.models = given.models.split(",").map((each) => each.trim()).filter(Boolean);
  return policy;
}

const limits = ({ models = [], expires, ...policy }) => html`
  ${LIMITS.map(([name, label]) => html`<${Field} label=${label}>
    <input name=${name} type="number" min="1" placeholder="no limit" value=${policy[name] ?? ""} /><//>`)}
  <${Field} label="Expires"><input name="expires" placeholder="never, or 2030-01-01" value=${expires ?? ""} /><//>
  <${Field} label="Models"><input name="models" placeholder="all, or *GLM*" value=${(models ?? []).join(", ")} /><//>`;

function Keys() {
  const { value, error, again } = useLoaded(() => get("keys"));
  const [made, setMade] = useState(null);
  const [edited, edit] = useState(null);
  const act = (action, done) =>
    attempt(async () => {
      const told = await action();
      if (told.key) setMade(told);
      edit(null);
      again();
    }, done);
  const create = (form) =>
    act(async () => {
      const told = await send("POST", "keys", { name: form.elements.name.value, policy: policyOf(form) });
      form.reset();
      return told;
    });
  if (!value) return html`<${Problem} error=${error} />`;
  const row = ({ id, name = id, shown, status, policy }) => {
    const of = path`keys/${id}`;
    const active = status === "active";
    const save = (form) => act(() => send("PUT", of, { policy: policyOf(form) }), `Changed: ${name || id}`);
    const renew = () => act(() => send("POST", `${of}/regenerate`, {}), "A new secret");
    const revoke = () => act(() => send("DELETE", of), `Revoked: ${name || id}`);
    const cells = [
      name || id,
      html`<code>${shown}</code>`,
      tag(status, active ? "ok" : "bad"),
      ...LIMITS.map(([name]) => ui.number(policy[name])),
      policy.expires ?? "never",
      policy.models?.join(", ") ?? "all",
      active && html`${quiet("Limits", () => edit(edited === id ? null : id))} ${quiet("New secret", renew)}
        ${" "}${quiet("Revoke", revoke)}`,
    ];
    if (edited !== id) return [cells];
    return [cells, html`<tr><td colspan="9"><form class="grid-form" onSubmit=${submitted(save)}>
      ${limits(policy)}<button class="main">Save</button></form></td></tr>`];
  };
  const head = ["Name", "Key", "Status", "#RPM", "#TPM", "#At a time", "Expires", "Models", "#"];
  return html`<form class="grid-form" onSubmit=${submitted(create)}>
      <${Field} label="Name"><input name="name" placeholder="ci" /><//>
      ${limits({})}<button class="main">Create a key</button></form>
    ${made && html`<div class="made" role="status">
      <p><b>${made.name || made.id}</b>: copy the key now, since it is not shown again.</p>
      <p><code>${made.key}</code> <${ui.Copy} text=${() => made.key} /></p>
      <${Code} label="command" text=${`export OPENAI_BASE_URL=${address("../v1")} OPENAI_API_KEY=${made.key}`} />
      </div>`}
    ${value.keys.length > 0
      ? table(head, value.keys.flatMap(row), "keys")
      : html`<p class="muted">No key was created yet. Any key that looks like one, such as <code>akml-mine</code>, is
        ${" "}accepted, unless auth is strict.</p>`}`;
}

// ------------------------------------------------------------------------------------------ accounts and usage

function Accounts() {
  const { value, error } = useLoaded(() => get("accounts"));
  const [typed, type] = useState(null);
  const { key } = ui.route.value.query;
  const choose = () => typed?.trim() && go("settings", "accounts", { key: typed.trim() });
  const rows = (value?.accounts ?? []).map(({ key, secret, namespace, scenario, requests, charge, account, last }) => [
    html`<a class="mono" href=${secret
      ? link("inferences", null, { namespace })
      : link("settings", "accounts", { key })}>${key || "none"}</a>`,
    scenario && html`<a href=${link("scenarios", scenario)}>${scenario}</a>`,
    ui.number(requests),
    ui.money(charge),
    ui.money(account?.credits?.balance),
    `${ui.day(last)} ${ui.time(last)}`,
  ]);
  return html`<form class="row-fields" onSubmit=${submitted(choose)}><${Field} label="Key">
    <input class="mono" placeholder="akml-…" autocomplete="off" value=${typed ?? key ?? ""}
      onInput=${into(type)} /><//><button class="main">Show</button></form>
    <${Problem} error=${error} />
    ${key && html`<${Account} key=${key} name=${key} />`}
    ${rows.length > 0
      ? table(["Key", "Scenario", "#Requests", "#Charged", "#Balance", "Last"], rows)
      : html`<p class="muted">No key has asked anything yet. Show any key to limit it or to give it credits.</p>`}`;
}

function UsageTab() {
  const { key } = ui.route.value.query;
  const { value, error } = useLoaded(() => get("usage" + query({ buckets: 60, key })));
  if (!value) return html`<${Problem} error=${error} />`;
  if (!value.buckets.length) return html`<p class="muted">Nothing was asked yet.</p>`;
  return html`<p class="muted">Tokens by model, of the inferences that are remembered.</p><${Usage} usage=${value} />`;
}

// ------------------------------------------------------------------------------------------ the server

function written(value) {
  if (value === "" || value?.length === 0) return "–";
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Server() {
  const { value, error } = useLoaded(() => Promise.all([get("settings"), get("health")]));
  const reset = () => attempt(() => send("POST", "reset", {}), "Everything that happened was forgotten.");
  if (!value) return html`<${Problem} error=${error} />`;
  const [{ settings }, { version }] = value;
  const rows = settings.map(({ name, value, default: usual, meaning, expected }) => [
    html`<code>${name}</code>`,
    html`<code>${written(value) === written(usual) ? written(value) : html`<b>${written(value)}</b>`}</code>`,
    html`${meaning} <small class="muted">${expected}</small>`,
  ]);
  return html`<div class="row-fields">
    <p>Version ${version}. The settings are fixed when the server starts: <code>serve --set name=value</code>.
      ${" "}<a href="openapi.json">The routes as OpenAPI</a></p>
      <button type="button" class="danger" onClick=${reset}>Forget all that happened</button></div>
    ${table(["Setting", "Value", "Meaning"], rows, "settings")}`;
}
