// Suggestions while one types (combobox of WAI-ARIA 1.2), filters folded on phones, pictures that do not load.
// Everything is there without it; nothing that comes from a catalogue becomes markup.
const input = document.querySelector("input[data-suggest]");
if (input) combobox(input, input.dataset.suggest);

const facets = document.querySelector("[data-facets]");
const wide = matchMedia("(min-width: 52rem)");
if (facets) {
  const fold = () => { facets.open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
}

for (const picture of document.querySelectorAll(".picture img")) {
  const gone = () => picture.classList.add("gone");
  picture.addEventListener("error", gone);
  if (picture.complete && !picture.naturalWidth) gone();
}

function combobox(input, path) {
  const list = Object.assign(document.createElement("ul"), { id: "options", className: "options", hidden: true });
  const told = Object.assign(document.createElement("p"), { className: "unseen" });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  told.setAttribute("role", "status");
  input.after(list, told);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "options"],
    ["aria-expanded", "false"]]) input.setAttribute(name, value);
  let active = -1, typed = input.value, asking = null, waiting = 0;

  function show(options) {
    list.replaceChildren(...options.map(({ text, kind, go }, place) => {
      const option = document.createElement("li"), small = document.createElement("small");
      option.id = `option-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      small.textContent = kind;
      option.append(text, small);
      option.dataset.text = kind ? typed : text;
      option.addEventListener("mousedown", (event) => { event.preventDefault(); go(); });
      option.go = go;
      return option;
    }));
    told.textContent = options.length ? `${options.length} suggestions` : "";
    open(options.length > 0);
  }
  function open(shown) {
    list.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown));
    move(-1);
  }
  function move(place) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = place;
    const option = list.children[place];
    if (!option) { input.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
    input.value = option.dataset.text;
  }
  async function ask() {
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(`${path}suggest?${new URLSearchParams({ q: typed })}`, { signal: asking.signal });
      if (!answer.ok) return open(false);
      const said = await answer.json();
      const to = (address) => () => { location.href = path + address; };
      show([
        ...said.queries.map(({ text }) => ({ text, kind: "", go() { input.value = text; input.form.requestSubmit(); } })),
        ...said.categories.map(({ value }) => ({ text: value, kind: "category", go: to(`?${new URLSearchParams({ category: value })}`) })),
        ...said.brands.map(({ value }) => ({ text: value, kind: "brand", go: to(`?${new URLSearchParams({ brand: value })}`) })),
        ...said.items.map(({ item }) => ({ text: item.title, kind: "item", go: to(`items/${encodeURIComponent(item.id)}`) })),
      ]);
    } catch (error) {
      if (error.name !== "AbortError") open(false);
    }
  }
  input.addEventListener("input", () => {
    typed = input.value;
    clearTimeout(waiting);
    waiting = setTimeout(ask, 120);
  });
  input.addEventListener("keydown", (event) => {
    const most = list.children.length, shown = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!shown) return ask();
      // Between the last option and the first is what was typed.
      const place = (active + (event.key === "ArrowDown" ? 2 : most + 1)) % (most + 1) - 1;
      move(place);
      if (place < 0) input.value = typed;
    } else if (event.key === "Enter" && shown && active >= 0) {
      event.preventDefault();
      list.children[active].go();
    } else if (event.key === "Escape" && shown) {
      event.preventDefault();
      input.value = typed;
      open(false);
    }
  });
  input.addEventListener("blur", () => open(false));
}
