/* Beside a Markdown text, what readers will see of it: the server's own rendering, so it is as safe
   as the page that they get. Without this file the text is a plain text area, and the preview shows
   what was saved last; of a long text it is asked for at once, so that no page holds that twice. */

const PAUSE = 400; // milliseconds without a key, after which the preview follows

const follow = (editor) => {
  const text = editor.querySelector("textarea");
  const preview = editor.querySelector("[data-preview]");
  const status = editor.querySelector("[role=status]");
  const token = () => editor.closest("form").elements.csrfmiddlewaretoken.value;
  let waiting;
  let asking;

  const show = async () => {
    asking?.abort();
    asking = new AbortController();
    const body = new URLSearchParams({ text: text.value, csrfmiddlewaretoken: token() });
    try {
      const answer = await fetch(preview.dataset.preview, { method: "POST", body, signal: asking.signal });
      if (!answer.ok || answer.redirected) throw new Error();
      preview.innerHTML = await answer.text();
      status.textContent = "";
    } catch (error) {
      if (error.name !== "AbortError") status.textContent = "The preview cannot be shown now.";
    }
  };

  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, PAUSE);
  });
  text.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    const button = editor.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
  editor.querySelector("markdown-toolbar").hidden = false;
  if ("later" in preview.dataset) show();
};

document.querySelectorAll("[data-editor]").forEach(follow);
