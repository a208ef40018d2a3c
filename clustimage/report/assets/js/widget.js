// The widget of notebooks: the page in a frame, and its selection as a value of Python. It is a
// module of its own, which anywidget loads; the page inside is as it is in a file.

function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.title = model.get("title");
  frame.setAttribute("sandbox", model.get("sandbox"));
  frame.setAttribute("allow", "clipboard-write");
  frame.style.cssText = "width:100%;border:1px solid #8884;border-radius:8px";
  frame.height = String(model.get("height"));
  frame.srcdoc = model.get("page");
  let told = "";

  function take(event) {
    if (event.source !== frame.contentWindow || event.data?.clustimage !== "selection") return;
    told = JSON.stringify(event.data.rows);
    model.set("selection", event.data.rows);
    model.save_changes();
  }

  function tell() {
    const rows = model.get("selection");
    if (JSON.stringify(rows) === told) return; // what the page itself has just said
    frame.contentWindow?.postMessage({ clustimage: "select", rows }, "*");
  }

  window.addEventListener("message", take);
  frame.addEventListener("load", () => {
    told = "[]";
    tell();
  });
  model.on("change:selection", tell);
  el.append(frame);
  return () => {
    window.removeEventListener("message", take);
    model.off("change:selection", tell);
  };
}

export default { render };
