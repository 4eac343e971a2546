// Logarithm, exponential and power in double from additions, multiplications and divisions alone, so that they give the
// same bits on every machine; the C library's differ between processors. Relative error below 1e-14.
#pragma once

namespace sheepop {

double Ln(double x);               // -infinity at 0, NaN below
double Exp(double x);              // 0 below -745, infinity above 709.7
double Power(double x, double y);  // x >= 0; 0^0 = 1

}  // namespace sheepop
