"use strict";
for (const part of document.querySelectorAll(".needs-script")) part.classList.remove("needs-script");
const steps = [...document.querySelectorAll(".step")];
const envs = [...document.querySelectorAll(".env")];
const search = document.querySelector("#search");
const bad = document.querySelector("#bad");
const count = document.querySelector("#count");
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const step of steps) {
    const text = (step.closest(".env").dataset.name + " " + step.firstElementChild.textContent).toLowerCase();
    const fits = words.every(word => text.includes(word)) && (!bad.checked || !step.classList.contains("done"));
    step.hidden = !fits;
    shown += fits;
  }
  for (const env of envs) {
    const has = [...env.querySelectorAll(".step")].some(step => !step.hidden);
    env.hidden = !has;
    if (has && (words.length || bad.checked)) env.open = true;
  }
  count.textContent = shown === steps.length ? "" : shown + " of " + steps.length;
}
search.addEventListener("input", filter);
bad.addEventListener("change", filter);
document.querySelector("#all").addEventListener("click", () => {
  const open = !envs.every(env => env.open);
  for (const env of envs) env.open = open;
});
function go(hash) {
  const target = hash.length > 1 && document.getElementById(hash.slice(1));
  if (!target) return;
  target.hidden = false;
  const env = target.closest(".env");
  if (env) { env.hidden = false; env.open = true; }
  target.open = true;
  for (const step of document.querySelectorAll(".step.at")) step.classList.remove("at");
  target.classList.add("at");
  target.scrollIntoView({ block: "center" });
}
addEventListener("click", event => {
  const link = event.target.closest("a[href^='#']");
  if (!link) return;
  event.preventDefault();
  history.replaceState(null, "", link.getAttribute("href"));
  go(link.getAttribute("href"));
});
for (const log of document.querySelectorAll(".step.failed pre.log")) log.scrollTop = log.scrollHeight;
go(location.hash);
