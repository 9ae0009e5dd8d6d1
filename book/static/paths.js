// Tells RequireJS where the page's own copies lie, whatever the depth of the page.
{
  const vendor = (name) => new URL(`vendor/${name}`, document.currentScript.src).href;
  requirejs.config({
    paths: { anywidget: vendor("anywidget"), "@jupyter-widgets/html-manager": vendor("html-manager") },
  });
}
