#include "ingest/sniff.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/utf8.h"
#include "ingest/encoding.h"

namespace sheepop {
namespace {

constexpr size_t kHeadBytes = 64 << 10;

using std::string_view_literals::operator""sv;

struct Magic {
  std::string_view bytes;
  size_t offset;
  DocumentKind kind;
  std::string_view what;
};

constexpr std::string_view kProgram = "a program, not a document";
constexpr std::string_view kMedia = "sound or film, which has no text to read";
constexpr std::string_view kOldOffice =
    "a file of an old office program (.doc, .xls, .ppt); save it as .docx, .odt or .pdf";

// clang-format off
constexpr Magic kMagic[] = {
    {"\x89PNG\r\n\x1a\n"sv, 0, DocumentKind::kImage, ""},
    {"\xFF\xD8\xFF"sv, 0, DocumentKind::kImage, ""},
    {"II*\0"sv, 0, DocumentKind::kImage, ""},
    {"MM\0*"sv, 0, DocumentKind::kImage, ""},
    {"GIF8"sv, 0, DocumentKind::kImage, ""},
    {"WEBP"sv, 8, DocumentKind::kImage, ""},
    {"{\\rtf"sv, 0, DocumentKind::kRtf, ""},
    {"\x1F\x8B"sv, 0, DocumentKind::kCompressed, ""},
    {"\x28\xB5\x2F\xFD"sv, 0, DocumentKind::kCompressed, ""},
    {"\xFD" "7zXZ\0"sv, 0, DocumentKind::kCompressed, ""},
    {"BZh"sv, 0, DocumentKind::kCompressed, ""},
    {"7z\xBC\xAF\x27\x1C"sv, 0, DocumentKind::kUnsupported, "a 7z archive; pack it as zip or tar"},
    {"ustar"sv, 257, DocumentKind::kArchive, ""},
    {"Rar!"sv, 0, DocumentKind::kUnsupported, "a RAR archive; pack it as zip or tar"},
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, 0, DocumentKind::kUnsupported, kOldOffice},
    {"\x7F" "ELF"sv, 0, DocumentKind::kUnsupported, kProgram},
    {"\0asm"sv, 0, DocumentKind::kUnsupported, kProgram},
    {"\xCA\xFE\xBA\xBE"sv, 0, DocumentKind::kUnsupported, kProgram},
    {"\xCF\xFA\xED\xFE"sv, 0, DocumentKind::kUnsupported, kProgram},
    {"SQLite format 3\0"sv, 0, DocumentKind::kUnsupported, "an SQLite database; export its text as CSV or JSONL"},
    {"GGUF"sv, 0, DocumentKind::kUnsupported, "a model file"},
    {"ID3"sv, 0, DocumentKind::kUnsupported, kMedia},
    {"OggS"sv, 0, DocumentKind::kUnsupported, kMedia},
    {"fLaC"sv, 0, DocumentKind::kUnsupported, kMedia},
    {"ftyp"sv, 4, DocumentKind::kUnsupported, kMedia},
    {"\x1A\x45\xDF\xA3"sv, 0, DocumentKind::kUnsupported, kMedia},
    {"%!PS"sv, 0, DocumentKind::kUnsupported, "PostScript; convert it with ps2pdf"},
    {"PAR1"sv, 0, DocumentKind::kUnsupported, "a Parquet table; export its text as JSONL"},
};
// clang-format on

// Extension or whole name -> language; prose formats are not in it.
// clang-format off
constexpr std::pair<std::string_view, std::string_view> kLanguages[] = {
    {".c", "c"}, {".h", "c"}, {".cc", "cpp"}, {".cpp", "cpp"}, {".cxx", "cpp"}, {".hpp", "cpp"}, {".hh", "cpp"},
    {".hxx", "cpp"}, {".inl", "cpp"}, {".cu", "cuda"}, {".cuh", "cuda"}, {".m", "objective-c"}, {".mm", "objective-cpp"},
    {".py", "python"}, {".pyi", "python"}, {".pyx", "cython"}, {".java", "java"}, {".kt", "kotlin"}, {".kts", "kotlin"},
    {".scala", "scala"}, {".groovy", "groovy"}, {".gradle", "groovy"}, {".js", "javascript"}, {".mjs", "javascript"},
    {".cjs", "javascript"}, {".jsx", "javascript"}, {".ts", "typescript"}, {".tsx", "typescript"}, {".vue", "vue"},
    {".svelte", "svelte"}, {".go", "go"}, {".rs", "rust"}, {".rb", "ruby"}, {".php", "php"}, {".pl", "perl"},
    {".pm", "perl"}, {".lua", "lua"}, {".sh", "shell"}, {".bash", "shell"}, {".zsh", "shell"}, {".fish", "fish"},
    {".ps1", "powershell"}, {".bat", "batch"}, {".cmd", "batch"}, {".cs", "csharp"}, {".fs", "fsharp"}, {".vb", "vb"},
    {".swift", "swift"}, {".r", "r"}, {".jl", "julia"}, {".hs", "haskell"}, {".ml", "ocaml"}, {".mli", "ocaml"},
    {".erl", "erlang"}, {".ex", "elixir"}, {".exs", "elixir"}, {".clj", "clojure"}, {".lisp", "lisp"}, {".el", "lisp"},
    {".scm", "scheme"}, {".rkt", "racket"}, {".dart", "dart"}, {".d", "d"}, {".nim", "nim"}, {".zig", "zig"},
    {".v", "verilog"}, {".sv", "verilog"}, {".vhd", "vhdl"}, {".vhdl", "vhdl"}, {".f", "fortran"}, {".f90", "fortran"},
    {".f95", "fortran"}, {".pas", "pascal"}, {".adb", "ada"}, {".ads", "ada"}, {".asm", "assembly"}, {".s", "assembly"},
    {".sql", "sql"}, {".css", "css"}, {".scss", "scss"}, {".sass", "sass"}, {".less", "less"}, {".xml", "xml"},
    {".xsl", "xml"}, {".svg", "xml"}, {".json", "json"}, {".yaml", "yaml"}, {".yml", "yaml"}, {".toml", "toml"},
    {".ini", "ini"}, {".cfg", "ini"}, {".conf", "ini"}, {".cmake", "cmake"}, {".proto", "protobuf"}, {".thrift", "thrift"},
    {".graphql", "graphql"}, {".tf", "hcl"}, {".nix", "nix"}, {".awk", "awk"}, {".sed", "sed"}, {".vim", "vim"},
    {".tcl", "tcl"}, {".diff", "diff"}, {".patch", "diff"}, {".glsl", "glsl"}, {".hlsl", "hlsl"}, {".wgsl", "wgsl"},
    {".sol", "solidity"}, {".coffee", "coffeescript"}, {".elm", "elm"}, {".purs", "purescript"}, {".lean", "lean"},
    {".y", "yacc"}, {".l", "lex"}, {".m4", "m4"}, {".mk", "make"}, {".ninja", "ninja"}, {".bazel", "starlark"},
    {".bzl", "starlark"}, {".dockerfile", "dockerfile"}, {".properties", "properties"}, {".cl", "opencl"},
    {"makefile", "make"}, {"gnumakefile", "make"}, {"dockerfile", "dockerfile"}, {"cmakelists.txt", "cmake"},
    {"rakefile", "ruby"}, {"gemfile", "ruby"}, {"jenkinsfile", "groovy"}, {"build", "starlark"}, {"workspace", "starlark"},
    {".gitignore", "ignore"}, {".clang-format", "yaml"}, {".clang-tidy", "yaml"}, {".bashrc", "shell"},
};
// clang-format on

// clang-format off
constexpr std::pair<std::string_view, std::string_view> kInterpreters[] = {
    {"python", "python"}, {"bash", "shell"}, {"/sh", "shell"}, {"zsh", "shell"}, {"perl", "perl"}, {"ruby", "ruby"},
    {"node", "javascript"}, {"lua", "lua"}, {"php", "php"}, {"awk", "awk"}, {"Rscript", "r"}, {"tclsh", "tcl"},
};
// clang-format on

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string_view BaseName(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

std::string_view SkipSpace(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

Sniffed SniffZip(std::string_view head, std::string_view tail, std::string_view extension) {
  const auto holds = [&](std::string_view name) {
    return head.find(name) != std::string_view::npos || tail.find(name) != std::string_view::npos;
  };
  if (holds("mimetypeapplication/epub+zip")) return {DocumentKind::kEpub, "", ""};
  if (holds("mimetypeapplication/vnd.oasis.opendocument.text")) return {DocumentKind::kOdt, "", ""};
  if (holds("mimetypeapplication/vnd.oasis.opendocument")) {
    return {DocumentKind::kUnsupported, "",
            "an OpenDocument spreadsheet or presentation; export it as CSV (and give --field '*') or PDF"};
  }
  if (holds("[Content_Types].xml")) {
    if (holds("word/document.xml") || extension == ".docx") return {DocumentKind::kDocx, "", ""};
    if (holds("xl/workbook.xml"))
      return {DocumentKind::kUnsupported, "", "a spreadsheet; export it as CSV, of which --field '*' keeps whole rows"};
    if (holds("ppt/presentation.xml")) return {DocumentKind::kUnsupported, "", "a presentation; export it as PDF"};
  }
  // Packed again by other programs, whose mark of the kind is compressed.
  if (extension == ".odt" && holds("content.xml")) return {DocumentKind::kOdt, "", ""};
  if (extension == ".epub" && holds("META-INF/container.xml")) return {DocumentKind::kEpub, "", ""};
  return {DocumentKind::kArchive, "", ""};
}

// Programs and tables hold control characters; a text does not, even where NULs stand between its fields.
bool LooksBinary(std::string_view head) {
  const uint64_t nuls = CountNuls(head);
  const auto shown = static_cast<uint64_t>(std::count_if(head.begin(), head.end(), [](char c) { return c != '\0'; }));
  const auto odd = static_cast<uint64_t>(std::count_if(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\x1B' && c != '\0';
  }));
  const auto plain = static_cast<uint64_t>(std::count_if(head.begin(), head.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == ' ' || c == '\n';
  }));
  if (nuls > 0 && (nuls > shown || odd * 200 > shown || plain * 10 < shown)) return true;
  return odd * 20 > head.size();
}

bool LooksLikeHtml(std::string_view head) {
  std::string start = Lower(SkipSpace(head).substr(0, 4096));
  if (!start.starts_with('<')) return false;
  for (const std::string_view tag : {"<!doctype html", "<html", "<head>", "<body"}) {
    if (start.find(tag) != std::string::npos) return true;
  }
  for (const std::string_view tag : {"<title>", "<p>", "<div", "<h1", "<table", "<meta "}) {
    if (start.starts_with(tag)) return true;
  }
  return false;
}

bool LooksLikeNotebook(std::string_view head, std::string_view tail) {
  if (!SkipSpace(head).starts_with('{')) return false;
  const auto holds = [&](std::string_view key) {
    return head.find(key) != std::string_view::npos || tail.find(key) != std::string_view::npos;
  };
  return holds("\"cells\"") && holds("\"nbformat\"");
}

// At least two lines, each an object of its own.
bool LooksLikeJsonl(std::string_view head) {
  int lines = 0;
  std::string_view rest = SkipSpace(head);
  while (lines < 3) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    std::string_view line = rest.substr(0, end);
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (!line.starts_with("{\"") || !line.ends_with('}')) return false;
    rest.remove_prefix(end + 1);
    ++lines;
  }
  return lines >= 2;
}

bool LooksLikeLatex(std::string_view head) {
  return head.find("\\documentclass") != std::string_view::npos ||
         head.find("\\documentstyle") != std::string_view::npos ||
         head.find("\\begin{document}") != std::string_view::npos;
}

Sniffed SniffText(std::string_view head, std::string_view tail, std::string_view name) {
  const std::string extension = Extension(name);
  const std::string_view language = ProgrammingLanguage(name, head);
  // Code that holds HTML (a template in a string, PHP) is code; a saved page under any other name is a page.
  const bool page_name = language.empty() || language == "xml";
  if (page_name && (LooksLikeHtml(head) || ((extension == ".html" || extension == ".htm" || extension == ".xhtml") &&
                                            SkipSpace(head).starts_with('<')))) {
    return {DocumentKind::kHtml, "", ""};
  }
  if (LooksLikeNotebook(head, tail)) return {DocumentKind::kNotebook, "", ""};
  if (extension == ".jsonl" || extension == ".ndjson" ||
      (LooksLikeJsonl(head) && (language.empty() || language == "json"))) {
    return {DocumentKind::kJsonl, "", ""};
  }
  if (extension == ".csv" || extension == ".tsv") return {DocumentKind::kCsv, "", ""};
  if (!language.empty()) return {DocumentKind::kCode, std::string(language), ""};
  if (LooksLikeLatex(head) || extension == ".tex" || extension == ".ltx") return {DocumentKind::kLatex, "", ""};
  if (extension == ".md" || extension == ".markdown" || extension == ".mdx" || extension == ".rmd" ||
      extension == ".qmd") {
    return {DocumentKind::kMarkdown, "", ""};
  }
  if (SkipSpace(head).starts_with("<?xml")) return {DocumentKind::kCode, "xml", ""};
  return {DocumentKind::kText, "", ""};
}

}  // namespace

std::string Extension(std::string_view name) {
  name = BaseName(name);
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : Lower(name.substr(dot));
}

std::string_view ProgrammingLanguage(std::string_view name, std::string_view head) {
  const std::string base = Lower(BaseName(name));
  const std::string extension = Extension(name);
  for (const auto& [key, language] : kLanguages) {
    if (key == base || (!extension.empty() && key == extension)) return language;
  }
  if (head.starts_with("#!")) {
    const std::string_view line = head.substr(0, head.find('\n'));
    for (const auto& [key, language] : kInterpreters) {
      if (line.find(key) != std::string_view::npos) return language;
    }
  }
  if (head.starts_with("<?php")) return "php";
  return "";
}

uint64_t SkippableFrame(std::string_view bytes) {
  const bool mark = bytes.size() >= kSkippableHeader && (static_cast<unsigned char>(bytes[0]) & 0xF0) == 0x50 &&
                    bytes.substr(1, 3) == "\x2A\x4D\x18";
  if (!mark) return 0;
  uint64_t size = kSkippableHeader;
  for (size_t i = 0; i < 4; ++i) size += uint64_t{static_cast<unsigned char>(bytes[4 + i])} << (8 * i);
  return size;
}

Sniffed SniffBytes(std::string_view head, std::string_view tail, std::string_view name) {
  // A PDF may begin with a kilobyte of other things, such as a mail header (ISO 32000-1, annex H, note 13).
  const size_t pdf = head.substr(0, 1024).find("%PDF-");
  if (pdf == 0 || (pdf != std::string_view::npos && head.find(" obj") != std::string_view::npos)) {
    return {DocumentKind::kPdf, "", ""};
  }
  if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06")) return SniffZip(head, tail, Extension(name));
  if (SkippableFrame(head) > 0) return {DocumentKind::kCompressed, "", ""};
  const bool wide = IsWideText(head), binary = !wide && LooksBinary(head);
  const bool nuls = !wide && head.find('\0') != std::string_view::npos;
  for (const Magic& magic : kMagic) {
    // A short mark may also be how a text begins.
    if (magic.bytes.size() <= 4 && magic.bytes != "%!PS" && !binary && !nuls) continue;
    if (head.size() >= magic.offset + magic.bytes.size() && head.substr(magic.offset).starts_with(magic.bytes)) {
      return {magic.kind, "", std::string(magic.what)};
    }
  }
  if (binary) return {DocumentKind::kUnsupported, "", "bytes of an unknown format, not text"};
  if (wide) {
    // Records are read from bytes of ASCII and its like only; in UTF-16 they are a text.
    if (Sniffed text = SniffText(ToUtf8(head).text, "", name); text.kind != DocumentKind::kJsonl) return text;
  }
  return SniffText(head, tail, name);
}

Sniffed Sniff(const Blob& blob, std::string_view name) {
  return SniffBytes(blob.Head(kHeadBytes), blob.Tail(kHeadBytes), name);
}

}  // namespace sheepop
