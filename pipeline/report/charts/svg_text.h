#ifndef CAIRN_PIPELINE_REPORT_CHARTS_SVG_TEXT_H_
#define CAIRN_PIPELINE_REPORT_CHARTS_SVG_TEXT_H_

#include <string>
#include <string_view>

namespace cairn::pipeline {

// Texts on their way into SVG and HTML.

// Makes `text` inert as text and as an attribute's value in quotes, in HTML and in XML: the five
// special characters are escaped, and what XML does not allow (control characters, bytes that are
// no UTF-8, U+FFFE and U+FFFF) becomes U+FFFD.
std::string EscapeMarkup(std::string_view text);
void AppendEscaped(std::string_view text, std::string* out);

// The number of characters of UTF-8 `text`.
size_t CharacterCount(std::string_view text);

// The first characters of `text` with an ellipsis, so that there are at most `characters` (>= 1);
// unchanged when it fits.
std::string Ellipsis(std::string_view text, size_t characters);

// The width of `text` in a sans-serif font of `size`, by an average character. Good enough to
// leave room; no font is looked at.
double TextWidth(std::string_view text, double size);

// A coordinate with at most one digit after the point: `12.5`, `7`. Not finite and huge values
// are clamped, so that a chart stays well-formed whatever it is given.
void AppendCoordinate(double value, std::string* out);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_CHARTS_SVG_TEXT_H_
