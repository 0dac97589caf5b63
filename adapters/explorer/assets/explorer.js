"use strict";
// The page has no script of its own, so that its policy can forbid any.
const at = document.getElementById("explorer");
SwaggerUIBundle({
  domNode: at,
  url: at.dataset.document,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
