// One key's account: its limits, its credits, and the ledger of what was paid.

import { useState } from "./vendor/preact-hooks.js";
import { get, query, send } from "./api.js";
import { attempt, day, facts, Field, html, into, link, money, options, Problem } from "./ui.js";
import { submitted, table, time, useLoaded } from "./ui.js";

const SHOWN = 200;

export function Account({ name }) {
  const of = query({ key: name });
  const { value, error, again } = useLoaded(() => Promise.all([get("account" + of), get("ledger" + of)]), [name]);
  if (!value) return html`<${Problem} error=${error} />`;
  const [account, ledger] = value;
  const { credits, policy, rate_limit: left } = account;
  const trials = credits?.trials.map((each) => `${money(each.left)} until ${each.expires.slice(0, 10)}`);
  const auto = credits?.auto_top_up;
  const rows = ledger.entries.slice(-SHOWN).reverse().map((each) => [
    `${day(each.time)} ${time(each.time)}`,
    each.kind,
    money(each.amount),
    money(each.balance),
    html`${each.note} ${each.inference_id && html`<a href=${link("inferences", each.inference_id)}>inference</a>`}`,
  ]);
  return html`<section class="account"><h2 class="mono">${account.key}</h2>
    ${facts([
      ["Balance", credits ? money(credits.balance) : "without end"],
      ["Purchased", credits && money(credits.purchased)],
      ["Trials", trials && (trials.join(", ") || "none")],
      ["Auto top-up", credits && (auto ? `${money(auto.add)} below ${money(auto.below)}` : "off")],
      ["Requests per minute", policy.requests_per_minute ?? "no limit"],
      ["Tokens per minute", policy.tokens_per_minute ?? "no limit"],
      ["At a time", `${policy.concurrency ?? "no limit"}, ${account.in_flight} now`],
      ...Object.entries(left),
    ])}
    <${Change} name=${name} changed=${again} auto=${auto} />
    ${rows.length > 0 && table(["Time", "Kind", "#Amount", "#Balance", "Note"], rows)}</section>`;
}

/** What can be done to credits: the label, the fields with what they begin with, and the body that they make. */
const ACTIONS = {
  purchase: ["Top up", { Amount: "5.00 USD" }, (purchase) => ({ purchase })],
  trial: [
    "Grant a trial",
    { Amount: "1.00 USD", Expires: "2030-01-01" },
    (amount, expires) => ({ trial: { amount, expires } }),
  ],
  auto_top_up: [
    "Top up automatically",
    { "When below": "1.00 USD", Add: "5.00 USD" },
    (below, add) => ({ auto_top_up: { below, add } }),
  ],
  take: ["Take away", { Amount: "1.00 USD" }, (take) => ({ take })],
};

function Change({ name, changed, auto }) {
  const [action, pick] = useState("purchase");
  const [label, fields, body] = ACTIONS[action];
  const put = (change, done) =>
    attempt(async () => changed(await send("POST", "credits", { key: name, ...change })), done);
  const submit = (form) => {
    const given = Object.keys(fields).map((field) => form.elements[field].value);
    return put(body(...given), `${label}: done`);
  };
  return html`<form class="row-fields" onSubmit=${submitted(submit)}><${Field} label="Change the credits">
    <select value=${action} onChange=${into(pick)}>
      ${options(Object.entries(ACTIONS).map(([id, [label]]) => [id, label]))}</select><//>
    ${Object.entries(fields).map(([field, value]) => html`<${Field} key=${action + field} label=${field}>
      <input name=${field} class="mono" defaultValue=${value} /><//>`)}
    <button>${label}</button>
    ${auto && html`<button type="button"
      onClick=${() => put({ auto_top_up: null }, "Auto top-up is off.")}>Switch auto top-up off</button>`}</form>`;
}
