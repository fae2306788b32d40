// Charts over time: how many inferences ended how, and what each model was used.

import { day, ending, html, link, money, moves, number, plural, table, time, useWidth } from "./ui.js";

const KINDS = ["ok", "run", "cut", "bad"];
const WORDS = { ok: "completed", run: "running", cut: "cut", bad: "failed" };
const HEIGHT = 44;

/** How many of some buckets ended how. */
export function outcomes(buckets) {
  const sums = { ok: 0, run: 0, cut: 0, bad: 0 };
  for (const bucket of buckets)
    for (const [outcome, count] of Object.entries(bucket.outcomes)) sums[ending(outcome, 200)] += count;
  return sums;
}

const told = (sums) =>
  KINDS.filter((kind) => sums[kind])
    .map((kind) => `${number(sums[kind])} ${WORDS[kind]}`)
    .join(", ") || "none";

/** Rectangles on top of each other: `parts` are [class, height]. */
function stack(parts, x, width, bottom) {
  let top = bottom;
  return parts.map(([kind, height]) => {
    top -= height;
    return height > 0 && html`<rect class=${kind} x=${x + 0.5} y=${top} width=${Math.max(1, width - 1)}
      height=${height} />`;
  });
}

/** The histogram of inferences by outcome. Each bar leads to what came in its time. */
export function Bars({ usage, filters }) {
  const [box, width] = useWidth(200);
  const { buckets = [], step: length, from, to } = usage ?? {};
  const counted = buckets.map((bucket) => {
    const sums = outcomes([bucket]);
    return { at: bucket.at, sums, all: KINDS.reduce((all, kind) => all + sums[kind], 0) };
  });
  const most = Math.max(1, ...counted.map((each) => each.all));
  const step = width / Math.max(1, counted.length);
  const filled = counted.findIndex((each) => each.all);
  const bar = ({ at, sums, all }, index) => {
    if (!all) return null;
    const heights = KINDS.map((kind) => [
      "fill " + kind,
      sums[kind] && Math.max(2, (sums[kind] / most) * (HEIGHT - 6)),
    ]);
    return html`<a class="bar" tabindex=${index === filled ? 0 : -1}
      href=${link("inferences", null, { ...filters, since: at, until: at + length })}
      aria-label=${`${time(at)} to ${time(at + length)}: ${told(sums)}`}>
      <title>${`${time(at)}: ${told(sums)}`}</title>
      <rect x=${index * step} y="0" width=${step} height=${HEIGHT} class="hit" />
      ${stack(heights, index * step, step, HEIGHT - 1)}</a>`;
  };
  return html`<div class="bars" ref=${box}>
    <svg width=${width} height=${HEIGHT} role="group" onKeyDown=${moves("a")}
      aria-label=${`Inferences over time: ${told(outcomes(buckets))}`}>
      <line x1="0" x2=${width} y1=${HEIGHT - 0.5} y2=${HEIGHT - 0.5} class="axis" />
      ${counted.map(bar)}
    </svg>
    <p class="bars-axis">${filled >= 0 && html`<span>${to - from > 86400 ? day(from) : time(from)}</span>
      <span>${time(to)}</span>`}</p>
  </div>`;
}

const SHADES = 6;
const TALL = 160;
const ROOM = TALL - 24;
const tokens = (each) => (each ? each.prompt_tokens + each.completion_tokens : 0);

/** Usage over time by model: tokens, stacked, and the sums. */
export function Usage({ usage: { buckets } }) {
  const [box, width] = useWidth();
  const used = buckets.flatMap((bucket) => Object.entries(bucket.models)).filter(([, each]) => tokens(each));
  const names = [...new Set(used.map(([name]) => name))];
  const sum = (bucket) => Object.values(bucket.models).reduce((all, each) => all + tokens(each), 0);
  const most = Math.max(1, ...buckets.map(sum));
  const step = width / Math.max(1, buckets.length);
  const shade = (index) => "shade-" + (index % SHADES);
  const line = (part) => {
    const y = TALL - 1 - part * ROOM;
    return html`<g><line class="axis" x1="0" x2=${width} y1=${y} y2=${y} />
      ${part > 0 && html`<text class="axis-text" x="0" y=${y - 4}>${number(Math.round(most * part))}</text>`}</g>`;
  };
  const column = (bucket, index) => {
    const heights = names.map((name, at) => [shade(at), (tokens(bucket.models[name]) / most) * ROOM]);
    return html`<g><title>${time(bucket.at)}: ${plural(sum(bucket), "token")}</title>
      ${stack(heights, index * step, step, TALL - 1)}</g>`;
  };
  return html`<figure class="usage" ref=${box}>
    <svg width=${width} height=${TALL} role="img"
      aria-label=${`Tokens over time: at most ${plural(most, "token")} in one bar`}>
      ${[0, 0.5, 1].map(line)}${buckets.map(column)}
    </svg>
    <figcaption>${names.map((name, at) => html`<span><i class=${shade(at)}></i>${name}</span>`)}</figcaption>
  </figure>
  <${Totals} buckets=${buckets} />`;
}

/** What each model was used in some buckets. */
export function Totals({ buckets }) {
  const sums = {};
  for (const bucket of buckets)
    for (const [model, told] of Object.entries(bucket.models)) {
      const sum = (sums[model] ??= { requests: 0, prompt_tokens: 0, completion_tokens: 0, charge: 0 });
      for (const name of Object.keys(sum)) sum[name] += parseFloat(told[name]) || 0;
    }
  const rows = Object.entries(sums).map(([model, sum]) => [
    html`<a href=${link("inferences", null, { model })}>${model}</a>`,
    number(sum.requests),
    number(sum.prompt_tokens),
    number(sum.completion_tokens),
    sum.charge ? money(sum.charge.toFixed(8)) : "–",
  ]);
  return rows.length > 0 && table(["Model", "#Requests", "#Prompt", "#Completion", "#Cost"], rows);
}
