// GET /v1/models and /v1/models/{id}: what pickers show.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "serve/served_model.h"

namespace sheepop {

// {object: "list", data, models}: in `data` each model under its name and under each alias, with `root` its name; in
// `models` the same as Codex reads them (codex-rs/protocol, ModelInfo).
boost::json::object ModelList(const ServedModels& models);

// {id, object: "model", created, owned_by, root, max_model_len, sheepop}. `id` as it was asked for, a name or an alias.
// Throws ApiError 404.
boost::json::object ModelObject(const ServedModels& models, std::string_view id);

}  // namespace sheepop
