#include "client-cli/commands/decision_text.h"

#include <algorithm>
#include <cmath>

#include "client-cli/cli/reference.h"
#include "client-cli/cli/table.h"
#include "client-cli/cli/terminal.h"
#include "client-cli/commands/tables.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"

namespace cairn::cli {
namespace {

// A sentence in lines, those after the first indented.
std::string Line(std::string_view text, size_t width) {
  const std::string printable = Printable(text);
  if (width == 0) return printable + "\n";
  std::string lines;
  for (const std::string& line : WrapWords(printable, std::max<size_t>(width, 24) - 4)) {
    lines += (lines.empty() ? "" : "    ") + line + "\n";
  }
  return lines;
}

std::string Indent(const std::string& text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    result += "  " + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return result;
}

// The name is copied into the next command: whole, in a line of its own where it must.
std::string NameLine(const std::string& name, size_t width) {
  const std::string line = fmt::format("decision {}\n", name);
  return width == 0 || DisplayWidth(line) <= width + 1 ? line : fmt::format("decision\n{}\n", name);
}

std::string Headline(const v1::Decision& decision, size_t width) {
  const std::string outcome = StateText(v1::Decision::Outcome_Name(decision.outcome()));
  std::string text = fmt::format("{} {}", ShortName(decision.channel()), outcome);
  if (decision.verdict() != v1::VERDICT_UNSPECIFIED) {
    text += ": " + v1::Verdict_Name(decision.verdict());
  }
  if (!decision.committed()) text += " (dry run: nothing was stored)";
  return Line(text, width);
}

// Which data set version the policy's name stood for; decisions of a list do not tell.
std::string EvidenceLine(const v1::Decision& decision, size_t width) {
  for (const v1::ReadItem& item : decision.read_set()) {
    if (decision.evidence_sha256().empty() || item.sha256() != decision.evidence_sha256()) continue;
    return Line(fmt::format("evidence {} (sha256:{})", ShortName(item.key()),
                            decision.evidence_sha256().substr(0, 12)),
                width);
  }
  return "";
}

std::string CandidateText(const v1::CandidateResult& candidate, bool chosen, size_t width) {
  std::string text =
      fmt::format("{} {}", v1::Verdict_Name(candidate.verdict()), ShortName(candidate.version()));
  if (chosen) text += " (chosen)";
  if (!candidate.message().empty()) text += ": " + candidate.message();
  text = Line(text, width);
  const size_t inner = width < 3 ? width : width - 2;
  text += Indent(ChecksText(candidate, inner));
  for (const std::string& flip : candidate.would_flip()) {
    text += Indent(Line("would turn: " + flip, inner));
  }
  return text;
}

std::string ReasonLine(const v1::Decision& decision, size_t width) {
  if (decision.reason().empty()) return "";
  return Line(fmt::format("by {}, because: {}", decision.principal(), decision.reason()), width);
}

// What people decided, which no table of a candidate says.
std::string PeopleText(const v1::ExplainResponse& explanation, size_t width) {
  std::string text;
  if (explanation.decision().committed()) {
    const std::string outcome =
        StateText(v1::Decision::Outcome_Name(explanation.decision().outcome()));
    const std::string line = ReasonLine(explanation.decision(), 0);
    if (!line.empty()) text += Line(outcome + " " + line.substr(0, line.size() - 1), width);
  }
  for (const auto& hold : explanation.channel().holds()) {
    text += Line(fmt::format("{} is held by {}: {}", ShortName(hold.version()), hold.principal(),
                             hold.reason()),
                 width);
  }
  return text;
}

}  // namespace

std::string ChecksText(const v1::CandidateResult& candidate, size_t width) {
  Table table;
  table.columns = {{"VERDICT"},
                   {.title = "CHECK", .id = true},
                   {"OBSERVED", false, true},
                   {"NEEDED"},
                   {"CHAMPION", false, true},
                   {"MARGIN", false, true},
                   {.title = "MESSAGE", .prose = true}};
  for (const auto& check : candidate.checks()) {
    const auto number = [](bool there, double value) {
      return there ? Cell(fmt::format("{:.6g}", value)) : Cell();
    };
    std::string verdict = v1::Verdict_Name(check.verdict());
    if (check.shadow()) verdict += " (shadow)";
    table.rows.push_back({check.id(),
                          check.id(),
                          {verdict, check.id(), number(check.has_observed(), check.observed()),
                           check.needed(), number(check.has_baseline(), check.baseline()),
                           number(check.has_margin(), check.margin()), check.message()}});
  }
  if (table.rows.empty()) return "";
  const auto rendering = Render(std::move(table), {.width = width});
  if (!rendering.ok()) return "";
  std::string text = rendering->text;
  if (rendering->hidden.empty()) return text;
  for (const auto& check : candidate.checks()) {
    if (check.verdict() != v1::PASS) text += Line(check.id() + ": " + check.message(), width);
  }
  return text;
}

std::string DecisionText(const v1::Decision& decision, size_t width) {
  std::string text = Headline(decision, width);
  if (!decision.message().empty()) text += Line(decision.message(), width);
  std::string ground = fmt::format("epoch {} -> {}, ", decision.epoch_seen(), decision.epoch());
  ground += decision.policy().empty()
                ? std::string("no policy was asked")
                : fmt::format("policy {} revision {}", ShortName(decision.policy()),
                              decision.policy_revision());
  text += Line(ground, width);
  text += ReasonLine(decision, width);
  text += EvidenceLine(decision, width);
  if (decision.committed()) text += NameLine(decision.name(), width);
  for (const auto& candidate : decision.candidates()) {
    text +=
        "\n" + CandidateText(candidate, candidate.version() == decision.chosen_version(), width);
  }
  return text;
}

std::string ExplanationText(const v1::ExplainResponse& explanation, size_t width) {
  std::string text;
  for (const std::string& sentence : explanation.sentences()) {
    text += Line(sentence, width);
    // The others say in words what the table of a candidate says in columns.
    if (explanation.has_candidate()) break;
  }
  if (explanation.has_candidate()) text += PeopleText(explanation, width);
  if (explanation.has_candidate()) {
    const auto& candidate = explanation.candidate();
    text +=
        "\n" + CandidateText(candidate,
                             candidate.version() == explanation.decision().chosen_version(), width);
  }
  if (explanation.decision().committed()) {
    text += "\n" + NameLine(explanation.decision().name(), width);
  }
  return text;
}

}  // namespace cairn::cli
