// One key's account: its limits, its credits, and the ledger of what was paid.

import { useState } from "./vendor/preact-hooks.js";
import { get, query, send } from "./api.js";
import { attempt, day, Field, html, link, money, Problem, time, useLoaded } from "./ui.js";

export function Account({ name }) {
  const of = query({ key: name });
  const { value, error, again } = useLoaded(async () => {
    const [account, ledger] = await Promise.all([get("account" + of), get("ledger" + of)]);
    return { account, ledger };
  }, [name]);
  if (error) return html`<${Problem} error=${error} />`;
  if (!value) return null;
  const { account, ledger } = value;
  const { credits, policy, rate_limit: left } = account;
  return html`<section class="account"><h2 class="mono">${account.key}</h2>
    <dl class="facts"><div><dt>Balance</dt><dd>${credits ? money(credits.balance) : "without end"}</dd></div>
      ${
        credits &&
        html`<div><dt>Purchased</dt><dd>${money(credits.purchased)}</dd></div>
        <div><dt>Trials</dt><dd>${credits.trials.map((each) => `${money(each.left)} until ${each.expires.slice(0, 10)}`).join(", ") || "none"}</dd></div>
        <div><dt>Auto top-up</dt>
          <dd>${credits.auto_top_up ? `${money(credits.auto_top_up.add)} below ${money(credits.auto_top_up.below)}` : "off"}</dd></div>`
      }
      <div><dt>Requests per minute</dt><dd>${policy.requests_per_minute ?? "no limit"}</dd></div><div>
        <dt>Tokens per minute</dt><dd>${policy.tokens_per_minute ?? "no limit"}</dd></div>
      <div><dt>At a time</dt><dd>${policy.concurrency ?? "no limit"}, ${account.in_flight} now</dd></div>
      ${Object.entries(left).map(([header, text]) => html`<div><dt>${header}</dt><dd>${text}</dd></div>`)}</dl>
    <${Change} name=${name} changed=${again} credits=${credits} />
    ${
      ledger.entries.length > 0 &&
      html`<div class="scroll"><table class="plain"><thead><tr><th>Time</th><th>Kind</th><th class="num">Amount</th>
        <th class="num">Balance</th><th>Note</th></tr></thead><tbody>${[
        ...ledger.entries,
      ]
        .reverse()
        .slice(0, 200)
        .map(
          (each) =>
            html`<tr><td>${day(each.time)} ${time(each.time)}</td><td>${each.kind}</td><td class="num">${money(each.amount)}</td>
              <td class="num">${money(each.balance)}</td><td>
              ${each.note} ${each.inference_id && html`<a href=${link("inferences", each.inference_id)}>inference</a>`}
                </td></tr>`,
        )}</tbody></table></div>`
    }</section>`;
}

const ACTIONS = {
  purchase: { label: "Top up", fields: [["Amount", "5.00 USD"]], body: ([amount]) => ({ purchase: amount }) },
  trial: {
    label: "Grant a trial",
    fields: [
      ["Amount", "1.00 USD"],
      ["Expires", "2030-01-01"],
    ],
    body: ([amount, expires]) => ({ trial: { amount, expires } }),
  },
  auto_top_up: {
    label: "Top up automatically",
    fields: [
      ["When below", "1.00 USD"],
      ["Add", "5.00 USD"],
    ],
    body: ([below, add]) => ({ auto_top_up: { below, add } }),
  },
  take: { label: "Take away", fields: [["Amount", "1.00 USD"]], body: ([amount]) => ({ take: amount }) },
};

function Change({ name, changed, credits }) {
  const [action, pick] = useState("purchase");
  const { label, fields, body } = ACTIONS[action];
  const submit = (event) => {
    event.preventDefault();
    const given = fields.map(([field]) => event.target.elements[field].value);
    return attempt(async () => changed(await send("POST", "credits", { key: name, ...body(given) })), `${label}: done`);
  };
  const off = () =>
    attempt(
      async () => changed(await send("POST", "credits", { key: name, auto_top_up: null })),
      "Auto top-up is off.",
    );
  return html`<form class="row-fields" onSubmit=${submit}><${Field} label="Change the credits">
    <select value=${action} onChange=${(event) => pick(event.target.value)}>
    ${Object.entries(ACTIONS).map(([id, each]) => html`<option value=${id}>${each.label}</option>`)}</select><//>
    ${fields.map(([field, value]) => html`<${Field} key=${action + field} label=${field}>
      <input name=${field} class="mono" defaultValue=${value} /><//>`)}<button>${label}</button>
    ${credits?.auto_top_up && html`<button type="button" onClick=${off}>Switch auto top-up off</button>`}</form>`;
}
