#include "pipeline/serving/api_page.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "lib/base/encoding.h"
#include "pipeline/serving/answers.h"

namespace cairn::pipeline::serving {
namespace {

struct RouteText {
  std::string_view method;
  std::string_view path;
  std::string_view summary;
  std::string_view request;  // name of a schema
  std::string_view answer;   // name of a schema
};

constexpr std::array<RouteText, 9> kRoutes = {{
    {"post", "/predict", "Segment, name and distance of each instance", "Instances", "Predictions"},
    {"post", "/invocations", "Segment numbers, by the protocol of MLflow's scoring servers",
     "Invocation", "Segments"},
    {"get", "/health", "Whether a model serves, and which", "", "Health"},
    {"get", "/ping", "200 when a model serves", "", ""},
    {"get", "/version", "The release of this program", "", ""},
    {"get", "/metrics", "Counters in the text format of Prometheus", "", ""},
    {"get", "/requests",
     "The last predictions and their inputs: "
     "?limit=N&format=csv|json|jsonl&since=TIME&segment=N&status=CODE",
     "", ""},
    {"get", "/openapi.json", "This interface in the form of OpenAPI", "", ""},
    {"get", "/", "A page about it", "", ""},
}};

constexpr std::string_view kSchemas = R"json("Instances":{"type":"object","required":["instances"],
"properties":{"instances":{"type":"array","minItems":1,"maxItems":$MOST,"items":{"$ref":"#/components/schemas/Instance"}}}},
"Invocation":{"oneOf":[{"$ref":"#/components/schemas/Instances"},
{"type":"object","required":["dataframe_records"],"properties":{"dataframe_records":{"type":"array","items":{"$ref":"#/components/schemas/Instance"}}}},
{"type":"object","required":["dataframe_split"],"properties":{"dataframe_split":{"type":"object","required":["columns","data"],
"properties":{"columns":{"type":"array","items":{"type":"string"}},"data":{"type":"array","items":{"type":"array","items":{"type":"number"}}}}}}},
{"type":"object","required":["inputs"],"properties":{"inputs":{"oneOf":[
{"type":"object","additionalProperties":{"type":"array","items":{"type":"number"}}},
{"type":"array","items":{"type":"array","items":{"type":"number"}}}]}}}]},
"Predictions":{"type":"object","properties":{"predictions":{"type":"array","items":{"type":"object","properties":{
"segment":{"type":"integer"},"segment_name":{"type":"string"},"distance":{"type":"number"}}}}}},
"Segments":{"type":"object","properties":{"predictions":{"type":"array","items":{"type":"integer"}}}},
"Health":{"type":"object","properties":{"status":{"type":"string","enum":["serving","unavailable"]},
"reason":{"type":"string"},"warning":{"type":"string"},"version":{"type":"string"},"sha256":{"type":"string"},
"since":{"type":"string","format":"date-time"},"segments":{"type":"integer"},"features":{"type":"integer"}}},
"Error":{"type":"object","properties":{"error":{"type":"object","properties":{"code":{"type":"integer"},
"status":{"type":"string"},"reason":{"type":"string"},"message":{"type":"string"},"instance":{"type":"integer"},
"field":{"type":"string"},"value":{"type":"string"},"rule":{"type":"string"}}}}})json";

std::string Replaced(std::string_view text, std::string_view mark, const std::string& with) {
  std::string out(text);
  out.replace(out.find(mark), mark.size(), with);
  return out;
}

std::string Content(std::string_view schema) {
  return fmt::format(
      R"("content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/{}"}}}})",
      schema);
}

std::string PathJson(const RouteText& route) {
  std::string json = fmt::format(R"({}:{{"{}":{{"summary":{},)", JsonText(route.path), route.method,
                                 JsonText(route.summary));
  if (!route.request.empty()) {
    json += R"("requestBody":{"required":true,)" + Content(route.request);
    if (route.path == "/invocations") json += R"(,"text/csv":{"schema":{"type":"string"}})";
    json += "}},";
  }
  json += R"("responses":{"200":{"description":"as it says")";
  if (!route.answer.empty()) json += "," + Content(route.answer) + "}";
  json += "}";
  if (!route.request.empty()) {
    json += R"(,"400":{"description":"a bad instance",)" + Content("Error") + "}}";
  }
  return json + "}}}";
}

std::string InstanceSchema(const ServedModel* model) {
  std::string required;
  std::string properties;
  if (model != nullptr) {
    for (const std::string& column : model->columns()) {
      const std::string name = JsonText(column);
      required += (required.empty() ? "" : ",") + name;
      properties += (properties.empty() ? "" : ",") + name + R"(:{"type":"number"})";
    }
  }
  if (!required.empty()) required = "\"required\":[" + required + "],";
  return fmt::format(R"("Instance":{{"type":"object",{}"properties":{{{}}}}})", required,
                     properties);
}

std::string Html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return out;
}

// A request with the mean of every column, which is in the middle of what was trained on.
std::string ExampleBody(const ServedModel& model) {
  std::string fields;
  for (const auto& feature : model.predictor().model().features()) {
    fields += fmt::format("{}{}: {}", fields.empty() ? "" : ",\n    ", JsonText(feature.name()),
                          ShortestDouble(feature.mean()));
  }
  return "{\"instances\": [\n   {" + fields + "}\n]}";
}

std::string ModelHtml(const ServedModel& model) {
  std::string html = fmt::format(
      "<h2>Model</h2>\n<p>{}<br>sha256 {}</p>\n<table border=\"1\">\n"
      "<tr><th>segment</th><th>name</th></tr>\n",
      Html(model.version()), model.sha256());
  for (int segment = 0; segment < model.segment_count(); ++segment) {
    html +=
        fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", segment, Html(model.SegmentName(segment)));
  }
  return html + fmt::format(
                    "</table>\n<h2>Example</h2>\n<pre>curl -H 'Content-Type: "
                    "application/json' -d @body.json http://HOST:PORT/predict\n\n{}</pre>\n",
                    Html(ExampleBody(model)));
}

}  // namespace

std::string OpenApiJson(const ServedModel* model, size_t max_instances) {
  std::string paths;
  for (const RouteText& route : kRoutes) paths += (paths.empty() ? "" : ",\n") + PathJson(route);
  return R"({"openapi":"3.0.3","info":{"title":"Customer segments","version":"1"},)"
         "\n\"paths\":{" +
         paths + "},\n\"components\":{\"schemas\":{" + InstanceSchema(model) + ",\n" +
         Replaced(kSchemas, "$MOST", std::to_string(max_instances)) + "}}}\n";
}

std::string ApiPage(const ServedModel* model) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Customer "
      "segments</title></head>\n<body>\n<h1>Customer segments</h1>\n<table border=\"1\">\n";
  for (const RouteText& route : kRoutes) {
    html += fmt::format("<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>\n",
                        route.method == "post" ? "POST" : "GET", route.path, Html(route.summary));
  }
  html += "</table>\n";
  html += model == nullptr ? "<p>No model serves yet.</p>\n" : ModelHtml(*model);
  return html + "</body>\n</html>\n";
}

}  // namespace cairn::pipeline::serving
