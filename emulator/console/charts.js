// Charts over time: how many inferences ended how, and what each model was used.

import { ending, html, time, day, number, plural, useWidth } from "./ui.js";

const KINDS = ["ok", "run", "cut", "bad"];
const HEIGHT = 44;

/** The histogram of inferences by outcome. A bar can be chosen: it shows what came since then. */
export function Bars({ usage, pick }) {
  const [box, width] = useWidth(200);
  const buckets = usage?.buckets ?? [];
  const counted = buckets.map((bucket) => {
    const sums = { ok: 0, run: 0, cut: 0, bad: 0 };
    for (const [outcome, count] of Object.entries(bucket.outcomes ?? {})) sums[ending(outcome, 200)] += count;
    return { at: bucket.at, sums, all: KINDS.reduce((all, kind) => all + sums[kind], 0) };
  });
  const most = Math.max(1, ...counted.map((each) => each.all));
  const step = width / Math.max(1, counted.length);
  return html`<div class="bars" ref=${box}>
    <svg width=${width} height=${HEIGHT} role="img" aria-label=${summary(counted)}>
      <line x1="0" x2=${width} y1=${HEIGHT - 0.5} y2=${HEIGHT - 0.5} class="axis" />
      ${counted.map((each, index) => {
        let top = HEIGHT - 1;
        return (
          each.all > 0 &&
          html`<g class="bar" onClick=${() => pick(each.at)}><title>${`${time(each.at)}: ${told(each.sums)}`}</title>
            <rect x=${index * step} y="0" width=${step} height=${HEIGHT} class="hit" />
            ${KINDS.map((kind) => {
              const height = each.sums[kind] ? Math.max(2, (each.sums[kind] / most) * (HEIGHT - 6)) : 0;
              top -= height;
              return (
                height > 0 &&
                html`<rect class=${"fill " + kind} x=${index * step + 0.5} y=${top} width=${Math.max(1, step - 1)}
                  height=${height} />`
              );
            })}</g>`
        );
      })}
    </svg>
    <p class="bars-axis">
      <span>${usage && counted.length > 0 ? (usage.to - usage.from > 86400 ? day(usage.from) : time(usage.from)) : ""}
      </span>
      <span>${usage && counted.length > 0 ? time(usage.to) : ""}</span></p>
  </div>`;
}

const WORDS = { ok: "completed", run: "running", cut: "cut", bad: "failed" };
const told = (sums) =>
  KINDS.filter((kind) => sums[kind])
    .map((kind) => `${number(sums[kind])} ${WORDS[kind]}`)
    .join(", ");

function summary(counted) {
  const sums = { ok: 0, run: 0, cut: 0, bad: 0 };
  for (const each of counted) for (const kind of KINDS) sums[kind] += each.sums[kind];
  return `Inferences over time: ${told(sums) || "none"}`;
}

const SHADES = 6;
const TALL = 160;

/** Usage over time by model: tokens, stacked. */
export function Usage({ usage }) {
  const [box, width] = useWidth();
  const buckets = usage?.buckets ?? [];
  const tokens = (each) => (each ? each.prompt_tokens + each.completion_tokens : 0);
  const used = buckets.flatMap((bucket) => Object.entries(bucket.models ?? {})).filter(([, each]) => tokens(each));
  const names = [...new Set(used.map(([name]) => name))];
  const most = Math.max(
    1,
    ...buckets.map((bucket) => Object.values(bucket.models ?? {}).reduce((sum, each) => sum + tokens(each), 0)),
  );
  const step = width / Math.max(1, buckets.length);
  return html`<figure class="usage" ref=${box}>
    <svg width=${width} height=${TALL} role="img"
      aria-label=${`Tokens over time: at most ${plural(most, "token")} in one bar`}>
      ${[0, 0.5, 1].map(
        (
          part,
        ) => html`<g><line class="axis" x1="0" x2=${width} y1=${TALL - 1 - part * (TALL - 24)} y2=${TALL - 1 - part * (TALL - 24)} />
        ${part > 0 && html`<text class="axis-text" x="0" y=${TALL - 5 - part * (TALL - 24)}>
          ${number(Math.round(most * part))}</text>`}</g>`,
      )}
      ${buckets.map((bucket, index) => {
        let top = TALL - 1;
        return html`<g><title>${time(bucket.at)}</title>${names.map((name, shade) => {
          const height = (tokens(bucket.models?.[name]) / most) * (TALL - 24);
          top -= height;
          return (
            height > 0 &&
            html`<rect class=${"shade-" + (shade % SHADES)} x=${index * step + 0.5} y=${top}
              width=${Math.max(1, step - 1)} height=${height} />`
          );
        })}</g>`;
      })}
    </svg>
    <figcaption>${names.map((name, shade) => html`<span><i class=${"shade-" + (shade % SHADES)}></i>${name}</span>`)}
      </figcaption>
  </figure>`;
}
