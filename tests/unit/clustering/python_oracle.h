// Runs a script of tests/oracle/clustering with a Python that has scikit-learn, where there is one.

#ifndef CAIRN_TESTS_UNIT_CLUSTERING_PYTHON_ORACLE_H_
#define CAIRN_TESTS_UNIT_CLUSTERING_PYTHON_ORACLE_H_

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/clustering/matrix.h"

namespace cairn::clustering {

inline constexpr char kNoPython[] =
    "no Python with scikit-learn found (python3, /usr/bin/python3 or $CAIRN_PYTHON); nothing "
    "compared";

// The first interpreter that can import scikit-learn.
inline std::optional<std::string> FindPython() {
  std::vector<std::string> candidates{"/usr/bin/python3", "python3"};
  if (const char* chosen = std::getenv("CAIRN_PYTHON"))
    candidates.insert(candidates.begin(), chosen);
  for (const std::string& python : candidates) {
    const std::string probe = "'" + python + "' -c 'import sklearn' > /dev/null 2>&1";
    if (std::system(probe.c_str()) == 0) return python;
  }
  return std::nullopt;
}

inline void WriteMatrix(std::ostream& out, const Matrix& matrix) {
  out.precision(std::numeric_limits<double>::max_digits10);
  out << matrix.rows() << ' ' << matrix.cols() << '\n';
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) out << (j == 0 ? "" : " ") << matrix(i, j);
    out << '\n';
  }
}

// A folder of its own, removed with everything in it at the end of the scope.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cairn-oracle-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The named matrices that `script` computes from `rows`; nothing when it fails.
inline std::optional<std::map<std::string, Matrix>> RunOracle(const std::string& python,
                                                              const std::string& script,
                                                              const Matrix& rows,
                                                              const std::string& arguments) {
  const ScratchFolder folder;
  const std::string input = folder.path() / "rows.txt";
  const std::string output = folder.path() / "results.txt";
  {
    std::ofstream file(input);
    WriteMatrix(file, rows);
    if (!file.flush()) return std::nullopt;
  }
  const std::string command = "'" + python + "' '" + CAIRN_SOURCE_DIR +
                              "/tests/oracle/clustering/" + script + "' '" + input + "' '" +
                              output + "' " + arguments;
  if (std::system(command.c_str()) != 0) return std::nullopt;
  std::map<std::string, Matrix> results;
  std::ifstream file(output);
  std::string name;
  Eigen::Index height = 0;
  Eigen::Index width = 0;
  while (file >> name >> height >> width) {
    Matrix matrix(height, width);
    for (Eigen::Index i = 0; i < matrix.size(); ++i) {
      std::string number;  // Streams do not read nan and inf.
      file >> number;
      matrix.data()[i] = std::strtod(number.c_str(), nullptr);
    }
    results[name] = std::move(matrix);
  }
  return results;
}

}  // namespace cairn::clustering

#endif  // CAIRN_TESTS_UNIT_CLUSTERING_PYTHON_ORACLE_H_
