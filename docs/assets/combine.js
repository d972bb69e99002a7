// The form on the page "Combine gates": shows formula, picture, parameters and code.

(function () {
  const form = document.getElementById("combination");
  const answer = document.getElementById("combination-answer");
  if (!form) return;
  const names = ["topology", "channel", "spatial"];
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const name of names) {
    if (asked.has(name)) form.elements[name].value = asked.get(name);
  }
  form.addEventListener("change", () => {
    history.replaceState(null, "", `#${new URLSearchParams(new FormData(form))}`);
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  show();

  function show() {
    const [topology, channel, spatial] = names.map((name) => form.elements[name].value);
    const { title, picture } = COMBINATIONS.topologies[topology];
    const found = COMBINATIONS.combinations[`${topology} ${channel} ${spatial}`];
    const figure = element("figure", { className: "diagram", innerHTML: picture });
    label(figure, "c", channel);
    label(figure, "s", spatial);
    const formulas = found.formula.split(/,   (?=[cs]\(x\) =)/);
    answer.replaceChildren(
      element("p", { className: "what" }, title),
      figure,
      ...formulas.map((each) => element("p", {}, element("code", {}, each))),
      element("p", {}, found.images ? "For images only." : "For signals, images and volumes."),
      parameters(found.parameters),
      ...code(topology, channel, spatial),
    );
  }

  // Writes the keys of the gates on the boxes of c and s.
  function label(figure, letter, key) {
    for (const group of figure.querySelectorAll("g")) {
      const [name, what] = group.querySelectorAll("text");
      if (what?.classList.contains("what") && name.textContent.startsWith(letter)) {
        what.textContent = key;
      }
    }
  }

  function parameters(counts) {
    const cells = (tag, texts) => element("tr", {}, ...texts.map((text) => element(tag, {}, text)));
    const shown = counts.map((count) => (count === null ? "–" : count.toLocaleString("en-GB")));
    return element(
      "table",
      {},
      cells("th", ["channels", ...COMBINATIONS.channels.map(String)]),
      cells("td", ["parameters", ...shown]),
    );
  }

  function code(topology, channel, spatial) {
    const gates = [channel === "ca" ? "" : `channel="${channel}"`, spatial === "sa" ? "" : `spatial="${spatial}"`];
    const given = [`"${topology}"`, ...gates.filter(Boolean)].join(", ");
    const text = `import keras_attn\n\nlayer = keras_attn.create(${given})`;
    const copy = element("button", { type: "button", className: "copy" }, "Copy the code");
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    });
    return [element("pre", { tabIndex: 0 }, text), copy];
  }

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }
})();
