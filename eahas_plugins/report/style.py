"""The style of a report's page: light and dark, desktop and phone, screen and paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6673; --paper: #ffffff;
  --card: #f5f7f9; --rule: #dbe1e7; --complete: #2a7f9e; --pruned: #c98a1b; --cut: #7d6bb0;
  --failed: #b03a2e; --running: #8a96a3; --unlisted: #6b7d3a; --other: #9aa8b5;
  --front: #c0392b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaee; --soft: #a3aebb; --paper: #14181d;
  --card: #1e242b; --rule: #38424d; --complete: #58b4d4; --pruned: #e3ac48; --cut: #ab9be0;
  --failed: #ea7366; --running: #8d99a6; --unlisted: #a8bf6a; --other: #76838f;
  --front: #ff8373; } }
* { box-sizing: border-box; }
body { margin: 0; overflow-wrap: anywhere; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 24px 20px 40px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 40px 0 10px; padding-top: 10px; border-top: 1px solid var(--rule); }
p { margin: 8px 0; } .soft, figcaption, caption { color: var(--soft); font-size: .9rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px;
  margin: 20px 0; }
.tile { background: var(--card); border-radius: 10px; padding: 12px 14px; min-width: 0; }
.tile b { display: block; font-size: 1.45rem; line-height: 1.25; overflow-wrap: anywhere; }
.tile span { color: var(--soft); font-size: .88rem; overflow-wrap: anywhere; }
.bar { position: relative; display: flex; height: 26px; border-radius: 6px; overflow: hidden;
  background: var(--card);
  border: 1px solid var(--rule); margin: 12px 0 6px; }
.bar i { display: block; height: 100%; }
.bar .cap { position: absolute; width: 3px; margin-left: -3px; background: var(--ink); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; padding: 0;
  margin: 4px 0; font-size: .9rem; }
.legend li { display: flex; align-items: center; gap: 7px; }
.key { flex: none; width: 12px; height: 12px; border-radius: 3px; display: inline-block; }
.key.dot, .key.front { border-radius: 50%; } .key.line { height: 3px; width: 20px; }
.complete { background: var(--complete); } .pruned { background: var(--pruned); }
.cut { background: var(--cut); } .failed { background: var(--failed); }
.running { background: var(--running); } .unlisted { background: var(--unlisted); }
.rest { background: repeating-linear-gradient(135deg, transparent 0 5px, var(--rule) 5px 6px); }
.key.best { background: var(--ink); } .key.dot { background: var(--complete); }
.key.other { background: var(--other); } .key.front { background: var(--front); }
.scroll { overflow-x: auto; -webkit-overflow-scrolling: touch; }
.scroll:focus-visible { outline: 2px solid var(--complete); }
table { border-collapse: collapse; width: 100%; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.long, th.long { padding-left: 10px; } td.long { min-width: 230px; overflow-wrap: anywhere; }
td .key { margin-right: 7px; }
td:first-child { white-space: nowrap; } .key.cap { width: 3px; height: 16px;
  background: var(--ink); } .key.rest { border: 1px solid var(--soft); }
figure { margin: 10px 0; } figure svg { display: block; max-width: 100%; height: auto; }
.narrow { display: none; }
svg text { fill: var(--soft); font-size: 12.5px; } svg text.x { text-anchor: middle; }
svg text.y { text-anchor: end; } svg text.name { fill: var(--ink); font-size: 13px; }
svg .grid { stroke: var(--rule); stroke-width: 1; } svg .axis { stroke: var(--soft); }
svg circle.dot { fill: var(--complete); fill-opacity: .75; }
svg circle.other { fill: var(--other); fill-opacity: .6; }
svg circle.front { fill: var(--front); }
svg path { fill: none; stroke-width: 2; stroke: var(--ink); }
svg path.frontline { stroke: var(--front); }
blockquote { margin: 10px 0; padding: 14px 16px; background: var(--card); border-radius: 10px;
  user-select: all; overflow-wrap: anywhere; }
code { font-size: .88em; overflow-wrap: anywhere; }
summary { cursor: pointer; } footer { margin-top: 40px; color: var(--soft); font-size: .85rem; }
.estimate { font-style: italic; }
@media (max-width: 640px) { main { padding: 16px 16px 30px; } h1 { font-size: 1.4rem; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; } .tile { padding: 10px 12px; }
  .tile b { font-size: 1.15rem; } .wide { display: none; } .narrow { display: block; }
  h2 { margin-top: 30px; } table { font-size: .88rem; }
  .stack thead { display: none; } .stack tr { display: flex; flex-wrap: wrap; gap: 4px 18px;
  padding: 8px 0; border-bottom: 1px solid var(--rule); }
  .stack td, .stack td.long { border: 0; padding: 0; text-align: left; min-width: 0;
  white-space: normal; overflow-wrap: anywhere; }
  .stack td:empty { display: none; } .stack td.long { flex: 1 0 100%; }
  .stack td::before { content: attr(data-label); display: block; color: var(--soft);
  font-size: .8rem; } }
@media print { main { max-width: none; } details > * { display: block; } .tile, blockquote {
  border: 1px solid var(--rule); } h2, figure, tr { break-inside: avoid; } }
""".strip()
