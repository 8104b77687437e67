// Draws the charts of a page, keeps them in step with the filters, and follows the colour scheme.
(() => {
  "use strict";
  const root = document.documentElement;
  const source = document.getElementById("page-data");
  const page = source ? JSON.parse(source.textContent) : { datasets: {}, charts: {} };
  const filters = document.querySelector(".filters");
  const views = new Map();

  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const colours = (name, count) => Array.from({ length: count }, (_, i) => colour(`${name}-${i + 1}`));

  function config() {
    const [ink, soft, grid, line] = ["ink", "soft", "grid", "line"].map(colour);
    const font = getComputedStyle(document.body).fontFamily;
    const narrow = window.innerWidth < 640;
    return {
      background: "transparent",
      font,
      axis: {
        labelColor: soft, titleColor: soft, gridColor: grid, domainColor: line, tickColor: line, labelFontSize: 12,
        titleFontSize: 12, titleFontWeight: "normal", titlePadding: 8, labelOverlap: true, ticks: false, labelPadding: 6,
      },
      axisY: { domain: false, labelLimit: narrow ? 120 : 220 },
      axisYQuantitative: { tickCount: 5 },
      axisXQuantitative: { tickCount: narrow ? 3 : 5 },
      axisXTemporal: { grid: false, tickCount: narrow ? 4 : 8 },
      axisBand: { grid: false },
      legend: {
        orient: "top", direction: "horizontal", labelColor: ink, titleColor: soft, labelFontSize: 12, titleFontSize: 12,
        titleFontWeight: "normal", columns: narrow ? 2 : 6, offset: 12, labelLimit: 200, symbolBaseFillColor: soft,
      },
      view: { stroke: null },
      mark: { color: colour("category-1") },
      rule: { color: soft, strokeDash: [4, 3] },
      bar: { cornerRadiusEnd: 2 },
      text: { color: ink, fontSize: 12 },
      scale: { bandPaddingInner: 0.28 },
      range: { category: colours("category", 6), ordinal: colours("ordinal", 6) },
    };
  }

  async function draw() {
    const look = config();
    await Promise.all([...document.querySelectorAll(".plot[data-chart]")].map(async (plot) => {
      const { data, spec } = page.charts[plot.dataset.chart];
      if (!page.datasets[data].length) return;
      views.get(plot.dataset.chart)?.finalize();
      const { view } = await vegaEmbed(plot, { ...spec, datasets: { [data]: page.datasets[data] } }, {
        actions: false, renderer: "svg", config: look, tooltip: { theme: "custom" },
      });
      views.set(plot.dataset.chart, view);
    }));
    await choose();
  }

  const reactsTo = (chart, name) => (page.charts[chart].spec.params || []).some((param) => param.name === name);

  async function choose() {
    root.dataset.ready = "false";
    const selects = [...(filters?.querySelectorAll("select") ?? [])];
    await Promise.all([...views].map(([chart, view]) => {
      const own = selects.filter((select) => reactsTo(chart, select.name));
      own.forEach((select) => view.signal(select.name, select.value));
      const scope = document.querySelector(`#${chart} .scope`);
      if (scope) scope.textContent = own.map((select) => select.selectedOptions[0]?.text).join(" · ");
      return view.runAsync();
    }));
    root.dataset.ready = "true";
  }

  function csv(rows) {
    const names = Object.keys(rows[0] ?? {});
    const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
    return [names, ...rows.map((row) => names.map((name) => row[name]))].map((row) => row.map(quoted).join(",")).join("\r\n");
  }

  document.querySelectorAll(".csv").forEach((button) => button.addEventListener("click", () => {
    const { data } = page.charts[button.closest("figure").id];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(page.datasets[data])], { type: "text/csv" }));
    link.download = `${data}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  }));

  document.querySelectorAll("time.age").forEach((time) => {
    const days = Math.floor((Date.now() - new Date(time.dateTime)) / 86400000);
    time.textContent = days < 1 ? "today" : days === 1 ? "1 day" : `${days.toLocaleString("en")} days`;
  });

  const button = document.getElementById("scheme");
  const schemes = ["auto", "light", "dark"];
  const name = () => { button.textContent = `Colours: ${root.dataset.scheme}`; };
  button.addEventListener("click", () => {
    root.dataset.scheme = schemes[(schemes.indexOf(root.dataset.scheme) + 1) % schemes.length];
    try { localStorage.scheme = root.dataset.scheme; } catch { /* the choice lasts as long as the page */ }
    name();
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  name();

  filters?.addEventListener("change", choose);
  filters?.addEventListener("reset", () => setTimeout(choose));
  draw();
})();
