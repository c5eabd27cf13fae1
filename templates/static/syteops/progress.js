"use strict";

/* Asks every two seconds whether the job is over, and then loads the page again, which leads to its
   outcome. Without this file the page loads itself again, or at a click on "Look again". */
document.addEventListener("DOMContentLoaded", () => {
  const job = document.querySelector("[data-progress]");
  const status = job.querySelector("[role=status]");
  const bar = job.querySelector("progress");
  const look = async () => {
    try {
      const answer = await fetch(job.dataset.progress);
      const { over, text, percent } = answer.ok ? await answer.json() : { over: true };
      if (over) {
        location.reload();
        return;
      }
      if (status.textContent !== text) status.textContent = text;
      if (bar && percent) {
        bar.hidden = false;
        bar.value = percent;
      }
    } catch {
      // The server is away for a moment: it is asked again.
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 1000);
});
