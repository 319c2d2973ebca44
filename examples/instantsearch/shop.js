// Where the service is, which catalogue, and with which key: `#service=http://127.0.0.1:8080&catalogue=shop`. Behind `#`, since
// InstantSearch writes what is chosen behind `?` and keeps nothing else there; and a server's log then has no key.
const here = new URLSearchParams(location.hash.slice(1));
const service = here.get("service") ?? "http://127.0.0.1:8080";
const indexName = here.get("catalogue") ?? "shop";
const key = here.get("key");

// All of the search client: requests go to Aisle as they are, and its answers come back as they are.
const searchClient = {
  async search(requests) {
    const answer = await fetch(`${service}/v1/instantsearch`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ requests }),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(`${said.detail}: ${said.fix}`);
    return said;
  },
};

const { widgets } = instantsearch;
const search = instantsearch({ indexName, searchClient, routing: true });
search.addWidgets([
  widgets.configure({ hitsPerPage: 12 }),
  widgets.searchBox({ container: "#box", placeholder: "Search" }),
  widgets.sortBy({
    container: "#order",
    items: [
      { value: indexName, label: "Best first" },
      { value: `${indexName}/sort/price:asc`, label: "Cheapest first" },
      { value: `${indexName}/sort/price:desc`, label: "Dearest first" },
    ],
  }),
  widgets.hierarchicalMenu({
    container: "#categories",
    attributes: ["categories.lvl0", "categories.lvl1", "categories.lvl2"],
  }),
  widgets.refinementList({ container: "#brands", attribute: "brand", searchable: true }),
  widgets.rangeInput({ container: "#price", attribute: "price" }),
  // Whichever attributes tell these results apart best.
  widgets.dynamicWidgets({
    container: "#facets",
    widgets: [],
    facets: ["*"],
    transformItems: (names) => names.filter((name) => name.startsWith("attributes.")),
    fallbackWidget: ({ container, attribute }) =>
      widgets.panel({ templates: { header: () => attribute.slice("attributes.".length) } })(
        widgets.refinementList,
      )({ container, attribute }),
  }),
  widgets.stats({ container: "#stats" }),
  widgets.hits({
    container: "#hits",
    templates: {
      item: (hit, { html, components }) => html`
        <article>
          <h2>${components.Highlight({ hit, attribute: "title" })}</h2>
          <p>${hit.brand} ${hit.price?.toFixed(2)}</p>
        </article>
      `,
    },
  }),
  widgets.pagination({ container: "#pages" }),
]);
search.start();
