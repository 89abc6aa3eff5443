#ifndef CAIRN_PIPELINE_SERVING_API_PAGE_H_
#define CAIRN_PIPELINE_SERVING_API_PAGE_H_

#include <cstddef>
#include <string>

#include "pipeline/serving/served_model.h"

namespace cairn::pipeline::serving {

// What the HTTP interface says of itself. Pure functions; `model` is the one that serves, null for
// none, and gives its columns and segments.

// The description in the form of OpenAPI 3.0.
std::string OpenApiJson(const ServedModel* model, size_t max_instances);

// A page for people: the routes, an example with the model's columns, its segments. Complete in
// itself: it loads nothing and has neither scripts nor styles.
std::string ApiPage(const ServedModel* model);

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_API_PAGE_H_
