// Edits made here are ordinary API calls that say they are a person's; webhooks follow from them as from the real app.
"use strict";

const COMPUTED = ["created_time", "created_by", "last_edited_time", "last_edited_by"];
const READ_ONLY = new Set([...COMPUTED, "files"]);
const LONGEST_RUN = 2000;
const LOOK_AGAIN_MS = 2000;

const rows = document.getElementById("rows");
const problem = document.getElementById("problem");
let editing = null;

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { "content-type": "application/json", "twin-actor": "person" },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.message || told.error || `the twin answered ${answer.status}`);
  return told;
}

function say(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

async function act(doing) {
  try {
    say("");
    await doing();
  } catch (error) {
    say(`Nothing was changed because ${error.message}`);
  }
  await refresh();
}

function choices() {
  return JSON.parse(document.getElementById("choices").textContent);
}

async function refresh() {
  const answer = await fetch(location.pathname + location.search, { cache: "no-store" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = fresh.getElementById("rows");
  if (editing || !next || next.dataset.generation === rows.dataset.generation) return;
  mark(next);
  rows.replaceChildren(...next.children);
  rows.dataset.generation = next.dataset.generation;
  document.getElementById("choices").replaceWith(fresh.getElementById("choices"));
  for (const before of document.querySelectorAll("details.aside")) {
    const after = fresh.getElementById(before.id);
    after.open = before.open;
    before.replaceWith(after);
  }
}

function mark(next) {
  for (const row of next.children) {
    const before = document.getElementById(row.id);
    if (before && before.innerText.trim() === row.textContent.trim()) continue;
    const same = before && [...before.cells].every((cell, at) => cell.dataset.value === row.cells[at].dataset.value);
    if (!same) row.classList.add("fresh");
  }
}

function pieces(text) {
  const found = [];
  for (let at = 0; at < text.length; at += LONGEST_RUN) found.push({ text: { content: text.slice(at, at + LONGEST_RUN) } });
  return found;
}

function written(type, value) {
  switch (type) {
    case "title":
    case "rich_text":
      return pieces(value);
    case "number":
      return value === "" ? null : Number(value);
    case "checkbox":
      return value;
    case "date":
      return value.start ? { start: value.start, end: value.end || null } : null;
    case "select":
    case "status":
      return value.length ? value[0] : null;
    case "multi_select":
    case "relation":
    case "people":
      return value;
    default:
      return value === "" ? null : value;
  }
}

function save(cell, value) {
  const { property, type } = cell.dataset;
  const page = cell.closest("tr").dataset.page;
  cell.classList.add("saving");
  return act(() => call("PATCH", `/v1/pages/${page}`, { properties: { [property]: { [type]: written(type, value) } } }));
}

function close() {
  if (!editing) return;
  editing.box.remove();
  editing = null;
}

function finish() {
  if (!editing) return;
  const { cell, read, before } = editing;
  const value = read();
  close();
  if (JSON.stringify(value) !== JSON.stringify(before)) save(cell, value);
}

function field(tag, type, value) {
  const made = document.createElement(tag);
  if (type) made.type = type;
  made.value = value;
  return made;
}

function textEditor(box, value) {
  const area = field("textarea", null, value || "");
  box.append(area);
  return () => area.value;
}

function lineEditor(type) {
  return (box, value) => {
    const line = field("input", type, value === null ? "" : value);
    if (type === "number") line.step = "any";
    box.append(line);
    return () => line.value;
  };
}

function dateEditor(box, value) {
  const start = field("input", "text", value ? value.start : "");
  const end = field("input", "text", value && value.end ? value.end : "");
  start.placeholder = "2026-01-31 or with a time";
  end.placeholder = "end (optional)";
  box.append(start, document.createElement("br"), end);
  return () => ({ start: start.value.trim(), end: end.value.trim() });
}

function pickEditor(many, extendable) {
  return (box, value, cell) => {
    const list = document.createElement("div");
    list.className = "list";
    const boxes = choices()[cell.dataset.property].map((choice) => {
      const label = document.createElement("label");
      const tick = field("input", many ? "checkbox" : "radio", choice.id);
      tick.name = "pick";
      tick.checked = value.includes(choice.id);
      label.append(tick, ` ${choice.name}`);
      list.append(label);
      return tick;
    });
    box.append(list);
    const fresh = field("input", "text", "");
    fresh.placeholder = "a new option";
    if (extendable) box.append(fresh);
    if (!many) box.append(clearButton(boxes));
    return () => {
      const picked = boxes.filter((tick) => tick.checked).map((tick) => ({ id: tick.value }));
      const named = fresh.value.trim() ? [{ name: fresh.value.trim() }] : [];
      return many ? [...picked, ...named] : named.length ? named : picked;
    };
  };
}

function clearButton(boxes) {
  const button = document.createElement("button");
  button.className = "quiet";
  button.textContent = "Clear";
  button.onclick = () => {
    for (const tick of boxes) tick.checked = false;
  };
  return button;
}

const EDITORS = {
  title: textEditor,
  rich_text: textEditor,
  number: lineEditor("number"),
  date: dateEditor,
  select: pickEditor(false, true),
  status: pickEditor(false, false),
  multi_select: pickEditor(true, true),
  relation: pickEditor(true, false),
  people: pickEditor(true, false),
};

function open(cell) {
  const { type } = cell.dataset;
  const value = JSON.parse(cell.dataset.value);
  if (READ_ONLY.has(type)) return;
  if (type === "checkbox") {
    save(cell, !value);
    return;
  }
  const box = document.createElement("div");
  box.className = "editor";
  const read = (EDITORS[type] || lineEditor("text"))(box, value, cell);
  cell.append(box);
  editing = { cell, box, read, before: read() };
  box.querySelector("input, textarea").focus();
}

function wantsEditor(target) {
  const cell = target.closest("td[data-property]");
  return cell && !target.closest("a, .editor") ? cell : null;
}

const ACTS = {
  trash: (page) => call("PATCH", `/v1/pages/${page}`, { in_trash: true }),
  restore: (page) => call("PATCH", `/v1/pages/${page}`, { in_trash: false }),
  archive: (page) => call("PATCH", `/v1/pages/${page}`, { is_archived: true }),
  unarchive: (page) => call("PATCH", `/v1/pages/${page}`, { is_archived: false }),
  use: (page) => made({}, page),
  duplicate,
};

// The API has no call that duplicates: the values are written, and the content follows as that of a template does.
async function duplicate(page) {
  const { properties } = await call("GET", `/v1/pages/${page}`);
  const said = Object.entries(properties).filter(([, { type, [type]: value }]) => value !== null && !COMPUTED.includes(type));
  return made(Object.fromEntries(said.map(([name, { type, [type]: value }]) => [name, { [type]: value }])), page);
}

function made(properties, from) {
  const parent = { data_source_id: document.querySelector("table").dataset.source };
  const template = from ? { type: "template_id", template_id: from } : { type: "none" };
  return call("POST", "/v1/pages", { parent, properties, template });
}

function addTemplate() {
  const name = prompt("What is the template called?");
  const source = document.querySelector("table").dataset.source;
  if (name) act(() => call("POST", "/_twin/templates", { data_source_id: source, name }));
}

document.addEventListener("click", (event) => {
  if (editing && !event.target.closest(".editor")) finish();
  const page = event.target.closest("[data-page]")?.dataset.page;
  const asked = event.target.closest("[data-act]")?.dataset.act;
  if (asked) act(() => ACTS[asked](page));
  else if (event.target.id === "new") addRow();
  else if (event.target.id === "new-template") addTemplate();
  else if (rows && wantsEditor(event.target)) open(wantsEditor(event.target));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
  if (event.key !== "Enter" || event.shiftKey) return;
  if (editing) {
    event.preventDefault();
    finish();
  } else if (event.target.matches("td[data-property]")) {
    event.preventDefault();
    open(event.target);
  }
});

async function addRow() {
  let page = null;
  await act(async () => {
    page = await made({});
  });
  const row = page && document.getElementById(`row-${page.id}`);
  if (row) open(row.querySelector("td.is-title"));
}

setInterval(() => {
  if (!document.hidden && !editing) (rows ? refresh() : lookForFirst()).catch(() => {});
}, LOOK_AGAIN_MS);

async function lookForFirst() {
  const text = await (await fetch("/", { cache: "no-store" })).text();
  if (text.includes('id="rows"')) location.reload();
}
