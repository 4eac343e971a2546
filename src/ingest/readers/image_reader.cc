// PNG, JPEG, TIFF and the other images that Tesseract opens: their text by OCR.
#include <algorithm>

#include "base/error.h"
#include "ingest/readers/jpeg_page.h"
#include "ingest/readers/ocr.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

constexpr uint64_t kImageBytes = 256 << 20;

OcrResult ReadTurned(const std::string& jpeg, const JpegInfo& info, const ReadContext& context) {
  const std::filesystem::path folder = context.work.NewFolder();
  const std::filesystem::path pdf = Blob::OfBytes(JpegAsPdf(jpeg, info)).PathFor(context.work, "photo.pdf");
  context.converters.Run({"pdftoppm", "-gray", "-singlefile", "-r", "72", pdf.string(), (folder / "page").string()},
                         kImageBytes, folder);
  OcrResult result = RecogniseText(folder / "page.pgm", context);
  std::error_code ignored;
  std::filesystem::remove(pdf, ignored);
  std::filesystem::remove_all(folder, ignored);
  return result;
}

OcrResult ReadPixels(const Source& source, const ReadContext& context) {
  if (source.blob.Head(3) == "\xFF\xD8\xFF") {
    const std::string jpeg = source.blob.ReadAll(kImageBytes);
    const auto info = ReadJpegInfo(jpeg);
    if (info && info->orientation != 1) return ReadTurned(jpeg, *info, context);
  }
  return RecogniseText(source.blob.PathFor(context.work, "image"), context);
}

}  // namespace

void ReadImage(const Source& source, const ReadContext& context, DocumentSink& sink) {
  Document document = NewDocument(source);
  if (!context.options.ocr) {
    sink.Drop(std::move(document), "no_text", "an image, and OCR is off");
    return;
  }
  const OcrResult result = ReadPixels(source, context);
  document.pages = static_cast<uint32_t>(std::max<size_t>(result.pages.size(), 1));
  document.laid_out = true;
  for (uint32_t i = 0; i < result.pages.size(); ++i) AddPage(document, result.pages[i], i);
  if (result.words == 0) {
    sink.Drop(std::move(document), "no_text", "OCR found no text in the image");
    return;
  }
  document.ocr_confidence = result.confidence;
  sink.Take(std::move(document));
}

}  // namespace sheepop
