// All that changes when the page moves to Segue. Before, neither address was
// there, and the SDK went to experience.ninetailed.co and
// ingest.insights.ninetailed.co.
export const experienceAPI = "/experience";
export const insightsAPI = "/insights";
