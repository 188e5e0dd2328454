SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#pages",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
