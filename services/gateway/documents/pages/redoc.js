// redoc - starts ReDoc on the document of this gateway.
window.Redoc.init('/openapi.json', { hideLoading: true }, document.getElementById('page'));
