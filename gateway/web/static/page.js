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
