// A page's body, edited as markdown: saving is an ordinary API call that says it is a person's.
"use strict";

const LOOK_AGAIN_MS = 2000;
const form = document.getElementById("body");
const area = form.elements.markdown;
const problem = document.getElementById("problem");
const saved = document.getElementById("saved");
const path = `/v1/pages/${form.dataset.page}/markdown`;
let known = area.value;

async function call(method, body) {
  const answer = await fetch(path, {
    method,
    headers: { "content-type": "application/json", "twin-actor": "person" },
    body: body && JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.message || told.error || `the twin answered ${answer.status}`);
  return told.markdown;
}

function show(markdown) {
  known = markdown;
  area.value = markdown;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  try {
    show(await call("PATCH", { type: "replace_content", replace_content: { new_str: area.value } }));
    saved.textContent = `Saved at ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    problem.textContent = `Nothing was saved because ${error.message}`;
    problem.hidden = false;
  }
});

area.addEventListener("input", () => {
  saved.textContent = "";
});

area.addEventListener("keydown", (event) => {
  if (event.key !== "Tab" || event.shiftKey) return;
  event.preventDefault();
  area.setRangeText("\t", area.selectionStart, area.selectionEnd, "end");
});

setInterval(async () => {
  if (document.hidden || area.value !== known) return;
  const now = await call("GET").catch(() => known);
  if (area.value === known && now !== known) show(now);
}, LOOK_AGAIN_MS);
