/** The style sheet: light and dark, 320 px and wider, no images and no web fonts. */

const COLOURS = `
:root{color-scheme:light dark;
--paper:#f6f7fa;--sheet:#fff;--ink:#171a26;--soft:#565d70;--line:#dfe2ea;--field:#868da0;
--accent:#2f45c5;--main:#243399;--on-main:#fff;--tint:#eef0fd;
--bad:#b3202c;--bad-tint:#fdeeee;--warn:#7a4b00;--warn-tint:#fff4dd;--good:#0c6240;--good-tint:#e4f6ec;
--shadow:0 1px 2px #171a260d,0 6px 20px -12px #171a2630}
@media(prefers-color-scheme:dark){:root{
--paper:#0e1017;--sheet:#171a24;--ink:#eceef5;--soft:#a4abbd;--line:#2b3040;--field:#737b91;
--accent:#a9b6ff;--main:#b4bfff;--on-main:#10142b;--tint:#222945;
--bad:#ff9c9c;--bad-tint:#3a1c20;--warn:#f3c878;--warn-tint:#342714;--good:#7fd8ab;--good-tint:#14322a;
--shadow:none}}`;

const BASE = `
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--paper);color:var(--ink);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;-webkit-text-size-adjust:100%}
main,.bar,footer,#session-warning{width:100%;max-width:84rem;margin:0 auto;padding:0 1.25rem}
main{flex:1;padding-top:1.25rem;padding-bottom:.75rem;outline:0}
h1,h2,p,ul,ol,dl,dd,fieldset{margin:0;padding:0}
h1{font-size:1.75rem;line-height:1.2;letter-spacing:-.02em;font-weight:680;overflow-wrap:anywhere;text-wrap:balance}
h2{font-size:1.0625rem;line-height:1.35;font-weight:640;overflow-wrap:anywhere}
a{color:var(--accent);text-underline-offset:.2em;text-decoration-thickness:1px}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.875em;overflow-wrap:anywhere}
[data-focus]:focus{outline:0}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:.25rem}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;z-index:1;padding:.5rem 1rem;background:var(--sheet)}
.visually-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.lead,.hint,footer,dt{color:var(--soft)}
.lead{margin-top:.375rem}
.hint{font-size:.875rem;text-wrap:pretty}
[hidden]{display:none!important}`;

const LAYOUT = `
header{background:var(--sheet);border-bottom:1px solid var(--line)}
.bar{display:flex;flex-wrap:wrap;align-items:center;gap:0 1.75rem;min-height:3.75rem}
.brand{font-weight:680;letter-spacing:-.01em;display:flex;align-items:center;gap:.375rem;padding:.75rem 0}
.brand span:last-child{font-weight:400;color:var(--soft)}
.drop{width:.875rem;height:.875rem;margin-right:.25rem;background:var(--main);border-radius:0 50% 50% 50%;rotate:45deg}
nav{display:flex;gap:.25rem}
nav a{padding:.5rem .75rem;border-radius:.5rem;color:var(--soft);text-decoration:none;font-size:.9375rem}
nav a:hover{color:var(--ink)}
nav a[aria-current]{color:var(--accent);background:var(--tint);font-weight:600}
.account-links{display:flex;align-items:center;gap:.5rem;margin-left:auto;font-size:.9375rem}
footer{padding-top:.5rem;padding-bottom:.75rem;font-size:.875rem;overflow-wrap:anywhere}
.heading{display:flex;flex-wrap:wrap;gap:1rem 2rem;align-items:flex-start;justify-content:space-between;margin-bottom:1rem}
.sheet{display:block;background:var(--sheet);border:1px solid var(--line);border-radius:.875rem;padding:1.25rem 1.375rem;
box-shadow:var(--shadow)}
.sheet+.sheet,.sheet+form{margin-top:1rem}
.pages{display:flex;gap:1.5rem;margin-top:1.25rem}
.note{padding:.75rem 1rem;border-radius:.625rem;border-left:4px solid var(--accent);background:var(--tint)}
.note ul{padding-left:1.25rem}
.note.bad{background:var(--bad-tint);border-color:var(--bad)}
.note.warn{background:var(--warn-tint);border-color:var(--warn);color:var(--warn)}
.note.good{background:var(--good-tint);border-color:var(--good);color:var(--good)}
.notice{max-width:34rem;margin:3rem auto;padding:2rem;display:grid;gap:1rem;justify-items:start}`;

const KEYS = `
.keys{width:100%;border-collapse:collapse;padding:0!important;font-size:.875rem;border-spacing:0;overflow:hidden;display:table}
.keys th,.keys td{padding:.125rem .5rem;line-height:1.4;text-align:left;font-weight:400;border-top:1px solid var(--line);white-space:nowrap;height:1.875rem}
.keys thead th{border-top:0;color:var(--soft);font-size:.8125rem}
.keys tbody th,.keys .permissions{width:72%;max-width:0;overflow:hidden;text-overflow:ellipsis}
.keys .permissions{width:28%}
.keys tbody th a{display:inline-block;vertical-align:bottom;max-width:calc(100% - 3.5rem);overflow:hidden;text-overflow:ellipsis;font-weight:600;color:inherit;text-decoration-color:var(--line)}
.keys code{color:var(--soft);margin-left:.375rem}
.keys a.badge:not(.due,.exposed){border:0;background:none;padding:0;font-weight:400}
.keys .select,.keys thead th:first-child{padding-left:1rem}
.keys thead th:first-child,.keys thead th:last-child{font-size:0}
.keys .select input{margin:0;display:block}
.bad{color:var(--bad)}
.slots{display:grid;grid-template-columns:4.125rem 4.625rem 4.625rem 3.75rem}
.slots>*{grid-row:1;justify-self:start;min-height:0;line-height:1.4;padding:.125rem .375rem;border:0;border-radius:.375rem;background:none;font-size:inherit;font-weight:400;color:var(--soft);text-decoration:none}
.slots>:hover{color:var(--ink);text-decoration:underline}
.slots .like{grid-column:1/4}
.slots .rotate{grid-column:2}
.slots .suspend{grid-column:3}
.slots .revoke{grid-column:4;color:var(--bad)}
.keys .badge{display:inline-block;margin-right:.25rem;padding:0 .4375rem;line-height:1.3}
.keys .active,.keys .test{background:none;border-color:transparent;color:var(--soft);font-weight:400}
.keys .mode{width:3rem;text-align:center}
@media(max-width:79rem){.keys .permissions,.keys thead :nth-child(4){display:none}}
main>.note{margin-bottom:1rem}
.below>:empty{display:none}
.below{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:center;margin-top:.75rem;font-size:.875rem;min-height:2.5rem}
.below p{color:var(--soft)}
.below>a:last-child{margin-left:auto}
.keys:not(:has([name=id]:checked))~.below form{display:none}
.selected{list-style:none;display:grid;gap:.5rem}
.usage svg{display:block;width:100%;height:4.5rem;margin-top:.75rem;fill:var(--accent);border-bottom:1px solid var(--line)}
.usage{margin:0}
.usage .hint{margin-top:.375rem}
.axis{display:flex;justify-content:space-between;font-size:.8125rem;color:var(--soft)}
.stay{display:inline}
footer .stay{margin-left:.375rem}
footer .plain{min-height:1.5rem;padding:0;border:0;border-radius:0;color:var(--accent);text-decoration:underline 1px;text-underline-offset:.2em;font:inherit;white-space:nowrap}
#session-warning .note{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:center;margin-top:1rem}
.history .sheet{border:0;box-shadow:none;padding:0}
.of-key{margin-bottom:1rem}
.export{margin-left:auto}
.form>code{color:var(--soft)}
.badges{display:flex;flex-wrap:wrap;gap:.375rem;margin-top:.5rem}
.badge{white-space:nowrap;padding:.0625rem .5625rem;border-radius:1rem;font-size:.8125rem;font-weight:560;background:var(--paper);
color:var(--soft);border:1px solid var(--line)}
.live{background:var(--tint);color:var(--accent);border-color:transparent}
.active,.badge.good{background:var(--good-tint);color:var(--good);border-color:transparent}
.retiring,.due,.badge.warn{background:var(--warn-tint);color:var(--warn);border-color:transparent}
.revoked,.expired,.exposed{background:var(--bad-tint);color:var(--bad);border-color:transparent}
.facts{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.625rem 1.25rem;font-size:.9375rem;align-content:start}
.facts .wide{grid-column:1/-1}
.facts dd{overflow-wrap:anywhere}
dt{font-size:.8125rem}
.filter{display:flex;flex-wrap:wrap;gap:.75rem;align-items:flex-end;margin-bottom:.75rem}
.filter label{display:grid;gap:.25rem;font-size:.8125rem;color:var(--soft);flex:1 1 8rem;max-width:15rem}
.filter a{padding:.625rem 0;font-size:.875rem}
.filter .broad{max-width:22rem;flex-basis:16rem}
.empty ol{padding-left:1.25rem;margin-top:.75rem;display:grid;gap:.5rem}
.events{list-style:none;padding-top:.25rem;padding-bottom:.25rem}
.events li{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 1.5rem;padding:.75rem 0;overflow-wrap:anywhere}
.events li+li{border-top:1px solid var(--line)}
.events .when{grid-area:1/2;font-size:.875rem;color:var(--soft)}
.events code{color:var(--soft);white-space:nowrap}
.events .hint{grid-column:1/-1}
@media(max-width:66rem){.keys,.keys tbody,.keys tr,.keys td,.keys tbody th{display:block}.keys thead{position:absolute;clip-path:inset(50%)}
.keys{background:none;border:0;box-shadow:none;overflow:visible}
.keys tr{display:grid;grid-template-columns:1fr 1fr;gap:.25rem 1rem;position:relative;padding:1rem;background:var(--sheet);border:1px solid var(--line);border-radius:.875rem}
.keys tr+tr{margin-top:.75rem}
.keys th,.keys td{border:0;padding:0;height:auto;white-space:normal}
.keys tbody th{grid-column:1/-1;width:auto;max-width:none;padding-left:2rem;font-size:1rem}
.keys tbody th a{display:inline;overflow-wrap:anywhere}
.keys .select{position:absolute;left:1rem;top:1.125rem;padding:0}
.keys .state,.keys .permissions,.keys .row-actions{display:block;grid-column:1/-1;width:auto;max-width:none}
.keys td[data-label]::before{content:attr(data-label);display:block;font-size:.8125rem;color:var(--soft)}
.slots{grid-template-columns:repeat(4,1fr);gap:.375rem;margin-top:.5rem}
.slots>*{justify-self:stretch;text-align:center;padding:.5rem .125rem;border:1px solid var(--line);border-radius:.625rem;color:var(--ink)}}
@media(max-width:23rem){.slots{grid-template-columns:1fr 1fr}.slots>*{grid-row:auto}.slots .rotate,.slots .revoke{grid-column:2}.slots .suspend{grid-column:1}.slots .like{grid-column:1/3}.slots .suspend,.slots .revoke{grid-row:2}}
@media(max-width:30rem){.facts{grid-template-columns:1fr 1fr}.filter label,.filter button{flex:1 1 100%;max-width:none}
.filter label:nth-of-type(n+2){flex-basis:8rem}main{padding-top:1.5rem}.bar,main,footer{padding-left:1rem;padding-right:1rem}
.sheet{padding:1.125rem 1rem}.heading .button{width:100%}.brand span:last-child{display:none}nav{order:2;flex:1 0 100%;margin-bottom:.5rem}nav a{padding:.375rem .625rem}.bar{gap:0 .5rem}.account-links .plain{padding:.25rem 0 .25rem .5rem}}`;

const FORMS = `
button,.button{display:inline-flex;align-items:center;justify-content:center;min-height:2.5rem;padding:.4375rem 1rem;
border:1px solid var(--field);border-radius:.625rem;background:var(--sheet);color:var(--ink);font:inherit;font-size:.9375rem;
font-weight:560;text-decoration:none;text-align:center;cursor:pointer}
button:hover,.button:hover{border-color:var(--ink)}
.main{background:var(--main);border-color:var(--main);color:var(--on-main)}
.main:hover{filter:brightness(1.15)}
.danger{color:var(--bad);border-color:var(--bad)}
.danger:hover{background:var(--bad-tint);border-color:var(--bad)}
.main.danger{background:var(--bad);border-color:var(--bad);color:var(--sheet)}
.plain{border-color:transparent;background:none;color:var(--soft)}
button[aria-disabled]{opacity:.65;cursor:progress}
.actions{display:flex;flex-wrap:wrap;gap:.625rem}
input,select,textarea{scroll-margin:14rem 0 2rem}
input:not([type=radio],[type=checkbox]),select{width:100%;height:2.5rem;padding:.4375rem .75rem;border:1px solid var(--field);
border-radius:.625rem;background:var(--sheet);color:var(--ink);font:inherit;font-size:1rem}
[aria-invalid]{border-color:var(--bad)!important;border-width:2px!important}
input[type=radio],input[type=checkbox]{width:1.125rem;height:1.125rem;margin:.1875rem 0 0;flex:none;accent-color:var(--main)}
.form{display:grid;gap:1.25rem;max-width:44rem;padding:1.75rem;justify-items:stretch}
.form>h1+code,.form>h2+code,.form>.badges{margin-top:-.75rem}
.form>h2+p{margin-top:-.875rem}
.form>.button,.form>button{justify-self:start}
.field{display:grid;gap:.375rem;align-content:start}
.field label,.copyable label,legend{font-weight:600}
.field input:not([type=search]){max-width:30rem}
.field select,.field [type=date],.field [type=datetime-local]{max-width:16rem}
.problem{color:var(--bad);font-size:.9375rem}
fieldset .problem{margin-bottom:.375rem}
fieldset{border:0;min-width:0}
legend{padding:0;margin-bottom:.375rem}
.column{max-width:44rem}
.choices{display:grid;grid-template-columns:1fr 1fr;gap:.75rem}
.choices.three{grid-template-columns:1fr 1fr 1fr}
.choice{display:grid;grid-template-columns:auto 1fr;align-content:start;gap:0 .625rem;padding:.875rem 1rem;border:1px solid var(--line);
border-radius:.75rem;cursor:pointer}
.choice span{grid-column:2;font-size:.875rem;color:var(--soft)}
.choice:has(:checked){border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
.grid{width:100%;border-collapse:collapse;margin:.75rem 0;table-layout:fixed}
.grid th,.grid td{padding:.625rem .5rem;border-top:1px solid var(--line);text-align:left;vertical-align:top}
.grid thead th{border:0;padding-top:0;font-size:.8125rem;color:var(--soft);font-weight:500}
.grid tr>:first-child{width:6.5rem;padding-left:0}
.grid label{display:flex;gap:.5rem;font-size:.875rem;color:var(--soft);cursor:pointer}
.grid code{display:block;color:var(--ink)}
.access:has([name=access]:checked):not(:has([value=selected]:checked)) .only-these{display:none}
.only-these{margin-top:1rem}
:not(:has(option[value=date]:checked))+.on-date:not(:has([aria-invalid])){display:none}
.timed{display:grid;gap:1.25rem}
.copyable{display:grid;gap:.5rem;justify-items:start}
details>*{margin-top:1.25rem}
summary{cursor:pointer;font-weight:600;margin:0}
textarea{width:100%;padding:.75rem 1rem;background:var(--sheet);border:1px solid var(--field);border-radius:.625rem;color:var(--ink);
font:.8125rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;resize:none;field-sizing:content;word-break:break-all}
#labels{min-height:4rem}
#allowed_ips{min-height:7.5rem}
textarea[readonly]{background:var(--paper)}
#key{font-size:1rem;font-weight:600}
.steps{list-style:none;counter-reset:s;display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.75rem 1.25rem;font-size:.8125rem;color:var(--soft)}
.steps li{counter-increment:s;padding-top:.5rem;border-top:3px solid var(--line)}
.steps li::before{content:counter(s) ". "}
.steps .done{border-color:var(--good);color:var(--good)}
.steps [aria-current]{border-color:var(--accent);color:var(--ink);font-weight:600}
.uses{display:grid;grid-template-columns:1fr 1fr;gap:.75rem}
.uses>div{display:grid;gap:.125rem;padding:.875rem 1rem;border:1px solid var(--line);border-radius:.75rem;font-size:.9375rem}
.schedule{display:grid;gap:.875rem;justify-items:start;padding-top:1.25rem;border-top:1px solid var(--line)}
.in-line{display:flex;flex-wrap:wrap;gap:.75rem;align-items:flex-end}
.in-line .field{flex:1 1 14rem}
.in-line .field input{max-width:none}
.in-line>input{flex:1 1 14rem;width:auto!important}
.two{grid-template-columns:1fr 1fr}
.two>div{display:grid;gap:.5rem;justify-items:start;align-content:start}
dialog{width:calc(100% - 2rem);max-width:38rem;padding:0;border:0;border-radius:.875rem;background:var(--sheet);color:inherit}
dialog::backdrop{background:#0b0d14a6}
dialog .sheet{border:0;box-shadow:none}
dialog:not([open]){display:none}
.replace,#last-step{display:grid;gap:1rem;justify-items:start}
form:not(:has([value="0"]:checked)) .at-once,form:has([value="0"]:checked) .later{display:none}
@media(max-width:36rem){.choices,.choices.three,.uses,.two{grid-template-columns:1fr}.form{padding:1.25rem 1rem}.grid tr>:first-child{width:5rem;font-size:.875rem}.grid code{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}}
@media(max-width:26.25rem){.grid,.grid tbody,.grid tr,.grid th,.grid td{display:block;width:auto!important}.grid thead{display:none}.grid code{position:static;width:auto;height:auto;clip-path:none}.grid tr{border-top:1px solid var(--line);padding:.625rem 0}.grid tbody :is(th,td){border:0;padding:.25rem 0}}
@media(prefers-reduced-motion:no-preference){button,.button{transition:background-color .12s,border-color .12s}}`;

export const STYLES = [COLOURS, BASE, LAYOUT, KEYS, FORMS].join("").replaceAll("\n", "");
