#ifndef CAIRN_SERVER_MLFLOW_MADE_UP_NAME_H_
#define CAIRN_SERVER_MLFLOW_MADE_UP_NAME_H_

#include <string>

namespace cairn::mlflow {

// A name that a person can say, "calm-heron-417", for a run or logged model that was given none, as
// MLflow's server makes one. Names need not be unique. Safe to use from any thread.
std::string MadeUpName();

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_MADE_UP_NAME_H_
