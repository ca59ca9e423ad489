#include "tools/report/style.h"

namespace foresee::report {

const char* const kStyle = R"css(
:root {
  --page: #fbfaf7; --card: #ffffff; --text: #1d2024; --muted: #646a73; --line: #e4e1da;
  --c0: #1a6d8f; --c1: #c2661f; --c2: #6a56ab; --c3: #49803a;
  --good: #2f7a4e; --bad: #b5402c; --notice: #fff3d6; --quiet: #a9adb3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131518; --card: #1b1e22; --text: #e6e4df; --muted: #9aa0a9; --line: #2d3138;
    --c0: #68bddd; --c1: #eb9a56; --c2: #ab9ae8; --c3: #8fc77c;
    --good: #78c695; --bad: #f08d79; --notice: #3a3016; --quiet: #6a7079;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.25rem 4rem; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3 { line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; }
h1 { font-size: 2rem; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .75rem; padding-top: 1.1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .25rem; }
p { margin: 0 0 .8rem; max-width: 44rem; }
figure { margin: 0; }
figcaption, .note, small { color: var(--muted); font-size: .86rem; line-height: 1.45; }
.mark { margin: 0 0 1.5rem; color: var(--c0); font-weight: 650; letter-spacing: .02em; }
.lead { font-size: 1.12rem; color: var(--muted); }
.notice { background: var(--notice); border-radius: .5rem; padding: .6rem .9rem; max-width: none; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin-top: 1.5rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; break-inside: avoid; }
.tile span { display: block; color: var(--muted); font-size: .86rem; }
.tile strong { display: block; font-size: 1.7rem; font-weight: 650; line-height: 1.3; letter-spacing: -0.02em; }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1rem; margin: 1rem 0; }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; break-inside: avoid; }
.chart svg { display: block; width: 100%; height: auto; margin-top: .4rem; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; color: var(--muted); font-size: .86rem; }
.legend i { display: inline-block; width: 1.1rem; border-top: 3px solid; border-radius: 2px; margin-right: .4rem; vertical-align: middle; }
svg text { fill: var(--muted); font-size: 11px; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--quiet); stroke-width: 1; }
svg .base { stroke: var(--text); stroke-width: 1; stroke-dasharray: 5 4; }
svg .baselabel { fill: var(--text); }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .faint, .legend .faint { opacity: .35; }
svg .faint { stroke-width: 1; }
path.s0 { stroke: var(--c0); } circle.s0 { fill: var(--c0); } i.s0 { border-color: var(--c0); }
path.s1 { stroke: var(--c1); } circle.s1 { fill: var(--c1); } i.s1 { border-color: var(--c1); }
path.s2 { stroke: var(--c2); } circle.s2 { fill: var(--c2); } i.s2 { border-color: var(--c2); }
path.s3 { stroke: var(--c3); } circle.s3 { fill: var(--c3); } i.s3 { border-color: var(--c3); }

table { width: 100%; border-collapse: collapse; margin: 1rem 0; }
th { text-align: left; font-weight: 600; vertical-align: middle; }
thead th { color: var(--muted); font-weight: 500; font-size: .86rem; vertical-align: bottom; }
tr { break-inside: avoid; }
td, th { padding: .45rem 1rem .45rem 0; border-bottom: 1px solid var(--line); }
.success { white-space: nowrap; }
.success small { display: block; font-weight: 400; white-space: normal; }
.success .bar { width: 40%; padding-right: 0; min-width: 9rem; }
.success .number { padding-right: 1rem; }
.success td.n, .success thead th:last-child { text-align: right; padding: .45rem 0 .45rem 1rem; }
.success tr.model td.number:nth-child(2) { font-weight: 650; }
.interval { display: block; width: 100%; overflow: visible; }
.interval .range { opacity: .4; } .interval .model { fill: var(--c0); } .interval .baseline { fill: var(--c1); }
.interval .reference { fill: var(--quiet); }
.facts th { width: 11rem; color: var(--muted); font-weight: 500; font-size: .9rem; vertical-align: top; }
.facts td { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.plain td { text-align: right; } .plain thead th:not(:first-child) { text-align: right; }
code { font: .88em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }

.strip { margin: 0 0 1.2rem; break-inside: avoid; }
.strip p { margin: 0 0 .35rem; max-width: none; }
.strip b { display: inline-block; border-radius: .3rem; padding: 0 .45rem; margin-right: .3rem; font-size: .86rem; border: 1.5px solid; }
.good { color: var(--good); } .bad { color: var(--bad); }
.frames { display: grid; grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)); gap: .4rem; }
.frame img { display: block; width: 100%; height: auto; border-radius: 4px; border: 2px solid var(--line); }
.frame figcaption { font-size: .75rem; text-align: center; }
.wide { display: block; max-width: 100%; height: auto; border-radius: 4px; }
pre { white-space: pre-wrap; }
.goal img { border-color: var(--c1); } .goal figcaption { color: var(--c1); font-weight: 600; }
.rows { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; margin: 0 0 1rem; break-inside: avoid; }
.rows p { margin: .5rem 0 .25rem; font-size: .9rem; } .rows p:first-child { margin-top: 0; }
.row { display: grid; gap: 3px; } .row img { display: block; width: 100%; height: auto; border-radius: 2px; }
.pixels img { image-rendering: pixelated; }
.rows figcaption { margin-top: .6rem; }
details summary { cursor: pointer; color: var(--c0); margin-bottom: .8rem; }

@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  .success thead { display: none; }
  .success tr { display: grid; grid-template-columns: 1fr auto auto; column-gap: .8rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .success td, .success th { border: 0; padding: 0; }
  .success .number { padding: 0; }
  .success th { grid-row: 1 / span 1; } .success .bar { grid-column: 1 / -1; grid-row: 2; width: 100%; }
  .success td.n { padding: 0; } .success td.n::before { content: "n = "; color: var(--muted); }
  .success td.range { display: none; }
  .facts th { width: 7.5rem; }
  .frames { grid-template-columns: repeat(auto-fill, minmax(62px, 1fr)); }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --text: #000; --muted: #444; --line: #ccc; --c0: #1a6d8f; --c1: #c2661f; --c2: #6a56ab;
    --c3: #49803a; --good: #2f7a4e; --bad: #b5402c; --notice: #fff; --quiet: #888;
  }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  .notice { border: 1px solid #888; }
  h2 { break-after: avoid; margin-top: 1.5rem; }
}
)css";

}  // namespace foresee::report
