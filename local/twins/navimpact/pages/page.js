"use strict";

// Every write is a person's: only the named fields are sent, as the contract's partial PUT wants it.
const PERSON = { "Twin-Actor": "person", "Content-Type": "application/json" };
const LOOK_AGAIN_MS = 2000;

const inputs = (form) => [...form.querySelectorAll("[name]")];

// What the browser made of each value (a line loses its newlines) is what a person then changes.
const shownAtFirst = new Map([...document.querySelectorAll("form [name]")].map((input) => [input, input.value]));
const wasChanged = (input) => input.value !== shownAtFirst.get(input);

function valueOf(input) {
  if (input.dataset.kind === "list") return input.value.split("\n").filter((line) => line.trim() !== "");
  return input.value === "" ? null : input.value;
}

function changesOf(form) {
  const named = inputs(form).filter((input) => "always" in input.dataset || wasChanged(input));
  return Object.fromEntries(named.map((input) => [input.name, valueOf(input)]));
}

const isDirty = () => [...document.forms].some((form) => inputs(form).some(wasChanged));

async function send(form, method, body) {
  const answer = await fetch(form.dataset.url, { method, headers: PERSON, body: body && JSON.stringify(body) });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  throw await answer.json();
}

function showProblem(form, problem) {
  const details = problem.details ?? [];
  form.querySelector("output").textContent =
    details.map((detail) => `${detail.loc.slice(1).join(" ")}: ${detail.msg}`).join("\n")
    || problem.error || "The twin does not answer; start it again.";
  for (const detail of details) {
    form.querySelector(`[name="${CSS.escape(String(detail.loc[1]))}"]`)?.closest("label")?.classList.add("wrong");
  }
}

async function attempt(form, action) {
  form.querySelector("output").textContent = "";
  form.querySelectorAll(".wrong").forEach((label) => label.classList.remove("wrong"));
  try { await action(); } catch (problem) { showProblem(form, problem); }
}

function isProject(form) { return form.dataset.url.includes("/media-projects/"); }

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  attempt(form, async () => {
    const record = await send(form, form.dataset.method, changesOf(form));
    if (form.dataset.method === "POST" && isProject(form)) location.assign(`/projects/${record.id}`);
    else reload();
  });
});

document.addEventListener("click", (event) => {
  if (!event.target.matches("[data-delete]")) return;
  const form = event.target.form;
  const what = isProject(form) ? "this project with all its logs, metrics and stories" : "this record";
  if (!confirm(`Delete ${what}? NavImpact cannot restore it.`)) return;
  attempt(form, async () => {
    await send(form, "DELETE");
    if (isProject(form)) location.assign("/"); else reload();
  });
});

document.addEventListener("input", (event) => {
  event.target.closest("label")?.classList.toggle("changed", wasChanged(event.target));
});

// Reloading keeps open what was open, so that an edit that arrives from the other side is seen in place.
function reload() {
  const open = [...document.querySelectorAll("details[open][id]")].map((details) => details.id);
  sessionStorage.setItem("open", JSON.stringify(open));
  sessionStorage.setItem("scroll", String(scrollY));
  location.reload();
}

for (const id of JSON.parse(sessionStorage.getItem("open") ?? "[]")) document.getElementById(id)?.setAttribute("open", "");
if (sessionStorage.getItem("scroll") !== null) scrollTo(0, Number(sessionStorage.getItem("scroll")));
sessionStorage.clear();

setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch("/_twin/version").catch(() => null);
  if (!answer?.ok || String((await answer.json()).version) === document.body.dataset.version) return;
  if (!isDirty()) return reload();
  const notice = document.getElementById("notice");
  notice.textContent = "Something changed meanwhile; save or reload to see it.";
  notice.hidden = false;
}, LOOK_AGAIN_MS);
