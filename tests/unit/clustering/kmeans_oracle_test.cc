// k-means, indices and random streams against scikit-learn and NumPy.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "lib/clustering/indices.h"
#include "lib/clustering/kmeans.h"
#include "lib/clustering/kmeans_init.h"
#include "lib/clustering/random.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/clustering/clustering_test_data.h"

namespace cairn::clustering {
namespace {

using testing::IsOk;

constexpr std::uint32_t kSeed = 20111;

class KMeansOracle : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string python = FindPython();
    if (python.empty()) GTEST_SKIP() << "no python3 with scikit-learn here";
    std::string folder = (std::filesystem::temp_directory_path() / "cairn-kmeans-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    Mt19937 random(kSeed);
    centers_.resize(6, data_.cols());
    for (Eigen::Index c = 0; c < centers_.rows(); ++c) {
      centers_.row(c) = data_.row(static_cast<Eigen::Index>(random.NextBounded(900)));
    }
    Write("data.txt", data_);
    Write("centers.txt", centers_);
    const std::string command = fmt::format("{} {}/tests/oracle/clustering/kmeans_oracle.py {} {}",
                                            python, CAIRN_SOURCE_DIR, folder_, kSeed);
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  static std::string FindPython() {
    for (const char* python : {"/usr/bin/python3", "python3"}) {
      const std::string probe = fmt::format(
          "{} -c 'import importlib.util as u, sys; sys.exit(u.find_spec(\"sklearn\") is None)' "
          "> /dev/null 2>&1",
          python);
      if (std::system(probe.c_str()) == 0) return python;
    }
    return "";
  }

  void Write(const std::string& name, const Matrix& matrix) const {
    std::ofstream out(folder_ + "/" + name);
    for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
      for (Eigen::Index j = 0; j < matrix.cols(); ++j) out << fmt::format("{:.17g} ", matrix(i, j));
      out << '\n';
    }
  }

  std::vector<double> Read(const std::string& name) const {
    std::ifstream in(folder_ + "/" + name);
    std::vector<double> values;
    for (double value = 0; in >> value;) values.push_back(value);
    return values;
  }

  template <typename Range>
  void ExpectEqual(const std::string& name, const Range& actual) const {
    SCOPED_TRACE(name);
    EXPECT_EQ(Read(name), std::vector<double>(actual.begin(), actual.end()));
  }

  void ExpectNear(const std::string& name, const double* actual, std::size_t size,
                  double tolerance) const {
    SCOPED_TRACE(name);
    const std::vector<double> expected = Read(name);
    ASSERT_EQ(expected.size(), size);
    for (std::size_t i = 0; i < size; ++i) EXPECT_NEAR(expected[i], actual[i], tolerance) << i;
  }

  std::string folder_;
  const Matrix data_ = Blobs(kSeed, 900, 5, 6);
  Matrix centers_;
};

TEST_F(KMeansOracle, FitAndIndicesEqualThoseOfScikitLearn) {
  for (const KMeansAlgorithm algorithm : {KMeansAlgorithm::kLloyd, KMeansAlgorithm::kHamerly}) {
    KMeansOptions options;
    options.initial_centers = centers_;
    options.limits.algorithm = algorithm;
    const auto fit = Fit(data_, options);
    ASSERT_THAT(fit, IsOk());
    ExpectEqual("labels", fit->labels);
    ExpectNear("fitted", fit->centers.data(), static_cast<std::size_t>(fit->centers.size()), 1e-9);

    const std::vector<double> scalars = Read("scalars");
    ASSERT_EQ(scalars.size(), 6U);
    EXPECT_NEAR(fit->inertia / scalars[0], 1, 1e-10);
    EXPECT_EQ(fit->n_iter, scalars[1]);
    const auto silhouette = ComputeSilhouette(data_, fit->labels, 2);
    ASSERT_THAT(silhouette, IsOk());
    EXPECT_NEAR(silhouette->mean, scalars[2], 1e-9);
    ExpectNear("samples", silhouette->samples.data(), silhouette->samples.size(), 1e-9);
    EXPECT_NEAR(*DaviesBouldin(data_, fit->labels), scalars[3], 1e-9);
    EXPECT_NEAR(*CalinskiHarabasz(data_, fit->labels) / scalars[4], 1, 1e-9);
    Labels other(fit->labels.size());
    for (std::size_t i = 0; i < other.size(); ++i) other[i] = static_cast<std::int32_t>(i % 5);
    EXPECT_NEAR(*AdjustedRandIndex(fit->labels, other), scalars[5], 1e-9);
  }
}

TEST_F(KMeansOracle, RandomStreamsEqualThoseOfRandomState) {
  Mt19937 random(kSeed);
  std::vector<double> doubles(2000);
  for (double& value : doubles) value = random.NextDouble();
  ExpectEqual("doubles", doubles);
  std::vector<std::uint64_t> integers;
  for (std::uint64_t bound = 1; bound < 500; ++bound) integers.push_back(random.NextBounded(bound));
  ExpectEqual("integers", integers);
  ExpectEqual("permutation", random.Permutation(300));
  ExpectEqual("choice", random.ChoiceWithoutReplacement(40, 25));
}

TEST_F(KMeansOracle, GreedyPlusPlusChoosesTheSameRows) {
  const auto context = KMeansContext::Create(data_);
  ASSERT_THAT(context, IsOk());
  Mt19937 random(kSeed);
  Parallel parallel(2);
  ExpectEqual("plusplus", GreedyPlusPlusRows(*context, 6, random, parallel));
}

}  // namespace
}  // namespace cairn::clustering
