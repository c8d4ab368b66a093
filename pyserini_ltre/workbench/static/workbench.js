"use strict";
// Everything works without this file but what it says here; keys, documents in place, and waiting are its own.
const status = document.getElementById("status");
const say = (text) => { status.textContent = text; };
const gone = "the workbench does not answer: start it again, and open the address that it prints";

async function send(form, submitter) {
  const fields = new URLSearchParams(new FormData(form));
  if (submitter && submitter.name) fields.set(submitter.name, submitter.value);
  let answer;
  try {
    answer = await fetch(form.action, {method: "POST", body: fields, headers: {Accept: "application/json"}});
  } catch (error) { throw new Error(gone); }
  const told = await answer.json().catch(() => ({error: gone}));
  if (!answer.ok) throw new Error(told.error);
  return told;
}

// What the server has on disk is shown, in every column that has the document.
function show(docid, grade, note) {
  for (const place of document.querySelectorAll(".judgeable")) {
    if (place.dataset.docid !== docid) continue;
    for (const button of place.querySelectorAll(".judge button")) {
      button.setAttribute("aria-pressed", String(grade !== null && Number(button.value) === grade));
    }
    const form = place.querySelector(".note");
    form.hidden = grade === null;
    form.elements.grade.value = grade === null ? "" : grade;
    if (note !== undefined) {
      form.elements.note.value = note;
      place.querySelector(".judge").elements.note.value = note;
    }
  }
}

async function judge(form, submitter) {
  try {
    const told = await send(form, submitter);
    const place = form.closest(".judgeable");
    if (place.dataset.pool && form.classList.contains("judge")) {
      location.href = form.elements.back.value;
      return;
    }
    show(told.docid, told.grade, told.note);
    say(`${told.docid}: ${told.grade}, kept`);
  } catch (error) { say(error.message); }
}

async function undo(form) {
  try {
    const told = await send(form);
    if (told.docid === null) { say("nothing to take back"); return; }
    if (form.elements.back) { location.href = form.elements.back.value; return; }
    show(told.docid, told.grade);
    say(`${told.docid}: taken back`);
  } catch (error) { say(error.message); }
}

async function takeIn(form) {
  try {
    const fields = new URLSearchParams({name: form.elements.name.value, qrels: await form.elements.file.files[0].text()});
    const answer = await fetch(form.action, {method: "POST", body: fields, headers: {Accept: "application/json"}});
    const told = await answer.json();
    say(told.message || told.error);
  } catch (error) { say(error.message); }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches(".judge, .note")) { event.preventDefault(); judge(form, event.submitter); }
  if (form.matches(".undo")) { event.preventDefault(); undo(form); }
  if (form.matches("#import")) { event.preventDefault(); takeIn(form); }
});

async function open(link) {
  const dialog = document.getElementById("document");
  const answer = await fetch(`${link.getAttribute("href")}&part=1`);
  dialog.innerHTML = await answer.text();
  const form = document.createElement("form");
  form.method = "dialog";
  form.append(Object.assign(document.createElement("button"), {textContent: "Close"}));
  dialog.append(form);
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.open");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); open(link); }
});

function move(from, key) {
  const column = from.closest(".column");
  if (!column) return;
  const own = [...column.querySelectorAll(".hit")];
  const rank = own.indexOf(from);
  let next = null;
  if (key === "ArrowDown") next = own[rank + 1];
  if (key === "ArrowUp") next = own[rank - 1];
  const columns = [...document.querySelectorAll(".column")].filter((other) => other.querySelector(".hit"));
  const beside = columns[columns.indexOf(column) + {ArrowRight: 1, ArrowLeft: -1}[key]];
  if (beside) { const there = beside.querySelectorAll(".hit"); next = there[Math.min(rank, there.length - 1)]; }
  if (next) next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input:not([type=range]):not([type=checkbox]), textarea, select")) return;
  const place = event.target.closest(".judgeable") || document.querySelector(".judgeable[data-pool]");
  if (event.key.toLowerCase() === "u") {
    const form = document.querySelector("form.undo") || Object.assign(document.createElement("form"), {action: "/undo"});
    undo(form);
    return;
  }
  if (!place) {
    const first = document.querySelector(".hit");
    if (event.key === "ArrowDown" && first && event.target === document.body) { event.preventDefault(); first.focus(); }
    return;
  }
  if (/^[0-3]$/.test(event.key)) {
    const button = place.querySelector(`.judge button[value="${event.key}"]`);
    if (button.disabled) say("say who judges: choose an assessor above, or enter a new one"); else button.click();
  } else if (event.key.toLowerCase() === "n") {
    const form = place.querySelector(".note");
    event.preventDefault();
    if (form.hidden) say("judge it first"); else form.elements.note.focus();
  } else if (event.key === "Enter" && event.target === place && place.querySelector("a.open")) {
    open(place.querySelector("a.open"));
  } else if (event.key.startsWith("Arrow") && event.target.closest(".hit")) {
    event.preventDefault();
    move(event.target.closest(".hit"), event.key);
  }
});

// Hits are asked for again while a system is being loaded, and when the weight moves; the focus stays in the form.
const search = document.getElementById("search");
async function refresh(query) {
  const hits = document.getElementById("hits");
  try {
    const answer = await fetch(`/hits?${query}`);
    if (answer.ok) hits.innerHTML = await answer.text();
    await wait();
  } catch (error) { say(gone); }
}
async function wait() {
  if (document.querySelector("#hits [data-loading]")) {
    await new Promise((resolve) => setTimeout(resolve, 700));
    await refresh(location.search.slice(1));
  }
}
if (search) {
  const weight = search.elements.w;
  weight.addEventListener("input", () => { weight.nextElementSibling.value = weight.value; });
  weight.addEventListener("change", () => {
    if (!document.getElementById("hits")) return;
    const query = new URLSearchParams(new FormData(search)).toString();
    history.replaceState(null, "", `/?${query}`);
    refresh(query);
  });
  wait();
}
if (document.querySelector("[data-again]")) setTimeout(() => location.reload(), 1000);

// A training is watched until it ends; then the page shows what came of it.
const progress = document.querySelector("#progress[data-running]");
async function watch() {
  let told;
  try { told = await (await fetch("/progress")).json(); } catch (error) { say(gone); return; }
  if (!told.running) { location.reload(); return; }
  const bar = progress.querySelector("progress");
  progress.querySelector("span").textContent = told.steps ? `${told.doing}: step ${told.step} of ${told.steps}` : told.doing;
  if (told.steps) { bar.max = told.steps; bar.value = told.step; }
  setTimeout(watch, 500);
}
if (progress) watch();
