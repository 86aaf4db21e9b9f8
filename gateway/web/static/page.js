// Small comforts. Every page works without this file.
"use strict";

// Leaving quickly replaces the page, so that the browser's back button does not return to it. Escape three times does the same.
const exit = document.getElementById("exit");
if (exit) {
  const leave = () => location.replace(exit.href);
  exit.addEventListener("click", (event) => { event.preventDefault(); leave(); });
  let presses = [];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    presses = presses.filter((time) => event.timeStamp - time < 2000).concat(event.timeStamp);
    if (presses.length >= 3) leave();
  });
}

// How many characters are left, said when it becomes tight.
for (const text of document.querySelectorAll("textarea[data-most]")) {
  const left = document.getElementById(`${text.id}-left`);
  if (!left) continue;
  const most = Number(text.dataset.most);
  const say = () => {
    const rest = most - Array.from(text.value.trim()).length;
    left.textContent = rest < most / 10 ? `(${rest})` : "";
  };
  text.addEventListener("input", say);
  say();
}

// The summary of what must be mended takes the focus, also in browsers that ignore autofocus outside of fields.
const summary = document.querySelector(".summary");
if (summary) setTimeout(() => { if (document.activeElement !== summary) summary.focus(); }, 150);

// Who else has the case open: said again by the page every 20 seconds while somebody looks at it.
const viewers = document.querySelector("[data-viewing]");
if (viewers) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(viewers.dataset.viewing, { method: "POST" });
      if (!answer.ok) return;
      const { words } = await answer.json();
      // Unchanged words are left alone, so that nothing is announced twice.
      if (viewers.textContent !== words) viewers.textContent = words;
      viewers.hidden = !words;
    } catch { /* The next time will do. */ }
  }, 20000);
}

// The keyboard of the lists: j and k go through the cases, / finds, ? shows the keys. They can be switched off.
const keys = document.getElementById("keys");
const off = document.getElementById("keys-off");
if (keys && off) {
  const stored = (value) => { try { return value === undefined ? localStorage.getItem("keys") : localStorage.setItem("keys", value); } catch { return null; } };
  keys.hidden = false;
  off.checked = stored() === "off";
  off.addEventListener("change", () => stored(off.checked ? "off" : "on"));
  const step = (by) => {
    const rows = [...document.querySelectorAll("[data-row]")];
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next) next.focus();
  };
  const does = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => document.getElementById("q")?.focus(),
    "?": () => { keys.open = true; keys.querySelector("summary").focus(); },
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (off.checked || typing || event.ctrlKey || event.altKey || event.metaKey || !does[event.key]) return;
    event.preventDefault();
    does[event.key]();
  });
}
