// The form on the page "Which one?": asks `recommend`, and shows the answer.

(function () {
  const form = document.getElementById("picker");
  const answer = document.getElementById("picker-answer");
  if (!form) return;
  const { samples: number } = form.elements;
  const slider = document.getElementById("picker-slider");
  const strip = document.getElementById("picker-strip");
  const GRANULARITIES = { coarse: "Clearly different classes", fine: "Classes that differ in detail" };

  // The slider is logarithmic, and rounds to two digits, as one would say it.
  slider.addEventListener("input", () => {
    const value = 10 ** Number(slider.value);
    const digit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
    number.value = Math.round(value / digit) * digit;
    show();
  });
  number.addEventListener("input", () => {
    if (Number(number.value) >= 1) slider.value = Math.log10(Number(number.value));
    show();
  });
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  read(new URLSearchParams(location.search));
  show();

  // The address keeps what is asked, so that a link gives the same answer.
  function read(asked) {
    const samples = Number(asked.get("samples"));
    if (Number.isSafeInteger(samples) && samples >= 1) {
      number.value = samples;
      slider.value = Math.log10(samples);
    }
    for (const name of ["granularity", "priority", "task"]) {
      const field = form.elements[name];
      const known = [...(field.options ?? field)].map((each) => each.value);
      if (known.includes(asked.get(name))) field.value = asked.get(name);
    }
  }

  function show() {
    slider.setAttribute("aria-valuetext", `${number.value} training images`);
    const data = new FormData(form);
    const asked = ["granularity", "priority", "task"].map((name) => data.get(name));
    try {
      if (number.value === "") throw new RangeError("Say how many training images there are.");
      answer.replaceChildren(...shown(recommend(LAW, Number(number.value), ...asked), data));
      strip.replaceChildren(outcomes(Number(number.value), ...asked));
      history.replaceState(null, "", `?${new URLSearchParams(data)}`);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      answer.replaceChildren(element("p", { className: "wrong" }, error.message));
    }
  }

  // All outcomes at once: a row for each granularity, a column for each range of sizes.
  function outcomes(samples, granularity, priority, task) {
    const grouped = (size) => size.toLocaleString("en-GB");
    const range = ({ first, last }) =>
      last === null ? `${grouped(first)} or more` : `${grouped(first)} to ${grouped(last)}`;
    const head = LAW.regimes.map((regime) => element("th", { scope: "col" }, range(regime)));
    const rows = Object.entries(GRANULARITIES).map(([fineness, label]) => {
      const cells = LAW.regimes.map((regime) => {
        const size = regime.last ?? 10 ** 6;
        const found = recommend(LAW, size, fineness, priority, task);
        const button = element("button", { type: "button" }, element("code", {}, found.topology));
        button.append(element("small", {}, found.grade));
        button.dataset.grade = found.grade;
        const isHere = recommend(LAW, samples, fineness, priority, task).regime === regime.name;
        if (isHere && fineness === granularity) button.setAttribute("aria-current", "true");
        button.addEventListener("click", () => {
          if (!isHere) {
            number.value = size;
            slider.value = Math.log10(size);
          }
          form.elements.granularity.value = fineness;
          show();
          strip.querySelector("[aria-current]").focus();
        });
        return element("td", {}, button);
      });
      return element("tr", {}, element("th", { scope: "row" }, label), ...cells);
    });
    const caption = element("caption", {}, "All outcomes, coloured by this project's own tests of the claim. The columns are training images.");
    const table = element("table", {}, caption, element("tr", {}, element("td", {}), ...head), ...rows);
    return table;
  }

  function shown(found, data) {
    const layer = LAW.layers[found.topology];
    return [
      element("p", { className: "what" }, "Try first: ", link(found.topology)),
      element("p", {}, element("code", {}, layer.formula)),
      element("p", {}, "Because:"),
      list(found.reasons.map((reason) => [reason])),
      element("p", {}, "Try beside it, and no attention at all:"),
      list(found.alternatives.map((key) => [link(key)]), "beside"),
      element("p", {}, `Judge it by ${found.judge_by}.`),
      element(
        "details",
        {},
        element("summary", {}, `Evidence: ${found.grade} in this project's own tests`),
        list(found.evidence.map((sentence) => [sentence])),
        element("p", {}, element("a", { href: "../replication/" }, "All tests of the claims"), "."),
      ),
      ...code(found, layer, data.get("task")),
    ];
  }

  function code(found, layer, task) {
    const lines = ["import keras_attn", ""];
    const dense = LAW.tasks[task].caution !== null;
    if (!dense) lines.push(`layer = ${layer.create}  # in a model of your own`);
    const name = dense ? "backbone" : "model";
    lines.push(`${name} = ${layer.insert.replace("(model", `(${name}`)}  # in one you have`);
    const text = lines.join("\n");
    const copy = element("button", { type: "button", className: "copy" }, "Copy the code");
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    });
    const block = element("pre", { tabIndex: 0 }, text);
    const keys = [found.topology, found.alternatives[0]].join(",");
    const command = `keras-attn compare YOUR_IMAGES --topologies ${keys}`;
    const ask = dense ? [] : [element("p", {}, "Then ask your images: ", element("code", {}, command))];
    return [block, copy, ...ask];
  }

  function link(key) {
    const { title, parameters } = LAW.layers[key];
    const price = ` (${title}, ${parameters.toLocaleString("en-GB")} parameters for 64 channels)`;
    const anchor = element("a", { href: `../layers/${key}/` }, element("code", {}, key));
    return element("span", {}, anchor, price);
  }

  function list(items, className = "") {
    return element("ul", { className }, ...items.map((parts) => element("li", {}, ...parts)));
  }

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }
})();
