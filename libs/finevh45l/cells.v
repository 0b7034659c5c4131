// finevh45l: functional models
`timescale 1ps/1ps
`celldefine

module INV_X1 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X2 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X4 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X8 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X16 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module BUF_X1 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X2 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X8 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X1 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X2 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X8 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module NAND2_X1 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND2_X2 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND2_X4 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND3_X1 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND3_X2 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND3_X4 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND4_X1 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NAND4_X2 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NAND4_X4 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NOR2_X1 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR2_X2 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR2_X4 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR3_X1 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR3_X2 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR3_X4 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR4_X1 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module NOR4_X2 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module NOR4_X4 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module AND2_X1 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND2_X2 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND2_X4 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND3_X1 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND3_X2 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND3_X4 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND4_X1 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module AND4_X2 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module AND4_X4 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module OR2_X1 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR2_X2 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR2_X4 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR3_X1 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR3_X2 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR3_X4 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR4_X1 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module OR4_X2 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module OR4_X4 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module XOR2_X1 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XOR2_X2 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XOR2_X4 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XNOR2_X1 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module XNOR2_X2 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module XNOR2_X4 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module AOI21_X1 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI21_X2 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI21_X4 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI22_X1 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI22_X2 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI22_X4 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI211_X1 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI211_X2 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI211_X4 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI221_X1 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module AOI221_X2 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module AOI221_X4 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module OAI21_X1 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI21_X2 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI21_X4 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI22_X1 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI22_X2 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI22_X4 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI211_X1 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI211_X2 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI211_X4 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI221_X1 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module OAI221_X2 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module OAI221_X4 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module MUX2_X1 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module MUX2_X2 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module MUX2_X4 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module DFF_X1 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFF_X2 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFF_X4 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X1 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X2 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X4 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X1 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X2 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X4 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module LATCH_X1 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module LATCH_X2 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module LATCH_X4 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module CLKGATE_X1 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module CLKGATE_X2 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module CLKGATE_X4 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module TIE0_X1 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE0_X2 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE0_X4 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE1_X1 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module TIE1_X2 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module TIE1_X4 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module INV_X1_VT4 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X2_VT4 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X4_VT4 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X8_VT4 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X16_VT4 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module BUF_X1_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X2_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X4_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X8_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X16_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X1_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X2_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X4_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X8_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X16_VT4 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module NAND2_X1_VT4 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND2_X2_VT4 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND2_X4_VT4 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND3_X1_VT4 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND3_X2_VT4 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND3_X4_VT4 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND4_X1_VT4 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NAND4_X2_VT4 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NAND4_X4_VT4 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NOR2_X1_VT4 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR2_X2_VT4 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR2_X4_VT4 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR3_X1_VT4 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR3_X2_VT4 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR3_X4_VT4 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR4_X1_VT4 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module NOR4_X2_VT4 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module NOR4_X4_VT4 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module AND2_X1_VT4 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND2_X2_VT4 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND2_X4_VT4 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND3_X1_VT4 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND3_X2_VT4 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND3_X4_VT4 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND4_X1_VT4 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module AND4_X2_VT4 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module AND4_X4_VT4 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module OR2_X1_VT4 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR2_X2_VT4 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR2_X4_VT4 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR3_X1_VT4 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR3_X2_VT4 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR3_X4_VT4 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR4_X1_VT4 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module OR4_X2_VT4 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module OR4_X4_VT4 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module XOR2_X1_VT4 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XOR2_X2_VT4 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XOR2_X4_VT4 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XNOR2_X1_VT4 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module XNOR2_X2_VT4 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module XNOR2_X4_VT4 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module AOI21_X1_VT4 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI21_X2_VT4 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI21_X4_VT4 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI22_X1_VT4 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI22_X2_VT4 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI22_X4_VT4 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI211_X1_VT4 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI211_X2_VT4 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI211_X4_VT4 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI221_X1_VT4 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module AOI221_X2_VT4 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module AOI221_X4_VT4 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module OAI21_X1_VT4 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI21_X2_VT4 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI21_X4_VT4 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI22_X1_VT4 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI22_X2_VT4 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI22_X4_VT4 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI211_X1_VT4 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI211_X2_VT4 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI211_X4_VT4 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI221_X1_VT4 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module OAI221_X2_VT4 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module OAI221_X4_VT4 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module MUX2_X1_VT4 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module MUX2_X2_VT4 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module MUX2_X4_VT4 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module DFF_X1_VT4 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFF_X2_VT4 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFF_X4_VT4 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X1_VT4 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X2_VT4 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X4_VT4 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X1_VT4 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X2_VT4 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X4_VT4 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module LATCH_X1_VT4 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module LATCH_X2_VT4 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module LATCH_X4_VT4 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module CLKGATE_X1_VT4 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module CLKGATE_X2_VT4 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module CLKGATE_X4_VT4 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module TIE0_X1_VT4 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE0_X2_VT4 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE0_X4_VT4 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE1_X1_VT4 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module TIE1_X2_VT4 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module TIE1_X4_VT4 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module INV_X1_VT10 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X2_VT10 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X4_VT10 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X8_VT10 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X16_VT10 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module BUF_X1_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X2_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X4_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X8_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X16_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X1_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X2_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X4_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X8_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X16_VT10 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module NAND2_X1_VT10 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND2_X2_VT10 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND2_X4_VT10 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND3_X1_VT10 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND3_X2_VT10 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND3_X4_VT10 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND4_X1_VT10 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NAND4_X2_VT10 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NAND4_X4_VT10 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NOR2_X1_VT10 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR2_X2_VT10 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR2_X4_VT10 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR3_X1_VT10 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR3_X2_VT10 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR3_X4_VT10 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR4_X1_VT10 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module NOR4_X2_VT10 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module NOR4_X4_VT10 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module AND2_X1_VT10 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND2_X2_VT10 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND2_X4_VT10 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND3_X1_VT10 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND3_X2_VT10 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND3_X4_VT10 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND4_X1_VT10 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module AND4_X2_VT10 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module AND4_X4_VT10 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module OR2_X1_VT10 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR2_X2_VT10 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR2_X4_VT10 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR3_X1_VT10 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR3_X2_VT10 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR3_X4_VT10 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR4_X1_VT10 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module OR4_X2_VT10 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module OR4_X4_VT10 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module XOR2_X1_VT10 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XOR2_X2_VT10 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XOR2_X4_VT10 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XNOR2_X1_VT10 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module XNOR2_X2_VT10 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module XNOR2_X4_VT10 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module AOI21_X1_VT10 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI21_X2_VT10 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI21_X4_VT10 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI22_X1_VT10 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI22_X2_VT10 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI22_X4_VT10 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI211_X1_VT10 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI211_X2_VT10 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI211_X4_VT10 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI221_X1_VT10 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module AOI221_X2_VT10 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module AOI221_X4_VT10 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module OAI21_X1_VT10 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI21_X2_VT10 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI21_X4_VT10 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI22_X1_VT10 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI22_X2_VT10 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI22_X4_VT10 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI211_X1_VT10 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI211_X2_VT10 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI211_X4_VT10 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI221_X1_VT10 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module OAI221_X2_VT10 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module OAI221_X4_VT10 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module MUX2_X1_VT10 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module MUX2_X2_VT10 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module MUX2_X4_VT10 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module DFF_X1_VT10 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFF_X2_VT10 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFF_X4_VT10 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X1_VT10 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X2_VT10 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X4_VT10 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X1_VT10 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X2_VT10 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X4_VT10 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module LATCH_X1_VT10 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module LATCH_X2_VT10 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module LATCH_X4_VT10 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module CLKGATE_X1_VT10 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module CLKGATE_X2_VT10 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module CLKGATE_X4_VT10 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module TIE0_X1_VT10 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE0_X2_VT10 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE0_X4_VT10 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE1_X1_VT10 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module TIE1_X2_VT10 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module TIE1_X4_VT10 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module INV_X1_VT16 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X2_VT16 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X4_VT16 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X8_VT16 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module INV_X16_VT16 (A, ZN);
  input A;
  output ZN;
  assign ZN = !A;
endmodule

module BUF_X1_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X2_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X4_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X8_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module BUF_X16_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X1_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X2_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X4_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X8_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module CLKBUF_X16_VT16 (A, Z);
  input A;
  output Z;
  assign Z = A;
endmodule

module NAND2_X1_VT16 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND2_X2_VT16 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND2_X4_VT16 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 & A2);
endmodule

module NAND3_X1_VT16 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND3_X2_VT16 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND3_X4_VT16 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 & A2 & A3);
endmodule

module NAND4_X1_VT16 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NAND4_X2_VT16 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NAND4_X4_VT16 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 & A2 & A3 & A4);
endmodule

module NOR2_X1_VT16 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR2_X2_VT16 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR2_X4_VT16 (A1, A2, ZN);
  input A1;
  input A2;
  output ZN;
  assign ZN = !(A1 | A2);
endmodule

module NOR3_X1_VT16 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR3_X2_VT16 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR3_X4_VT16 (A1, A2, A3, ZN);
  input A1;
  input A2;
  input A3;
  output ZN;
  assign ZN = !(A1 | A2 | A3);
endmodule

module NOR4_X1_VT16 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module NOR4_X2_VT16 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module NOR4_X4_VT16 (A1, A2, A3, A4, ZN);
  input A1;
  input A2;
  input A3;
  input A4;
  output ZN;
  assign ZN = !(A1 | A2 | A3 | A4);
endmodule

module AND2_X1_VT16 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND2_X2_VT16 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND2_X4_VT16 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 & A2;
endmodule

module AND3_X1_VT16 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND3_X2_VT16 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND3_X4_VT16 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 & A2 & A3;
endmodule

module AND4_X1_VT16 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module AND4_X2_VT16 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module AND4_X4_VT16 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 & A2 & A3 & A4;
endmodule

module OR2_X1_VT16 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR2_X2_VT16 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR2_X4_VT16 (A1, A2, Z);
  input A1;
  input A2;
  output Z;
  assign Z = A1 | A2;
endmodule

module OR3_X1_VT16 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR3_X2_VT16 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR3_X4_VT16 (A1, A2, A3, Z);
  input A1;
  input A2;
  input A3;
  output Z;
  assign Z = A1 | A2 | A3;
endmodule

module OR4_X1_VT16 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module OR4_X2_VT16 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module OR4_X4_VT16 (A1, A2, A3, A4, Z);
  input A1;
  input A2;
  input A3;
  input A4;
  output Z;
  assign Z = A1 | A2 | A3 | A4;
endmodule

module XOR2_X1_VT16 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XOR2_X2_VT16 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XOR2_X4_VT16 (A, B, Z);
  input A;
  input B;
  output Z;
  assign Z = A ^ B;
endmodule

module XNOR2_X1_VT16 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module XNOR2_X2_VT16 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module XNOR2_X4_VT16 (A, B, ZN);
  input A;
  input B;
  output ZN;
  assign ZN = !(A ^ B);
endmodule

module AOI21_X1_VT16 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI21_X2_VT16 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI21_X4_VT16 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A | (B1 & B2));
endmodule

module AOI22_X1_VT16 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI22_X2_VT16 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI22_X4_VT16 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 & A2) | (B1 & B2));
endmodule

module AOI211_X1_VT16 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI211_X2_VT16 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI211_X4_VT16 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | B | (C1 & C2));
endmodule

module AOI221_X1_VT16 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module AOI221_X2_VT16 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module AOI221_X4_VT16 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A | (B1 & B2) | (C1 & C2));
endmodule

module OAI21_X1_VT16 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI21_X2_VT16 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI21_X4_VT16 (A, B1, B2, ZN);
  input A;
  input B1;
  input B2;
  output ZN;
  assign ZN = !(A & (B1 | B2));
endmodule

module OAI22_X1_VT16 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI22_X2_VT16 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI22_X4_VT16 (A1, A2, B1, B2, ZN);
  input A1;
  input A2;
  input B1;
  input B2;
  output ZN;
  assign ZN = !((A1 | A2) & (B1 | B2));
endmodule

module OAI211_X1_VT16 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI211_X2_VT16 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI211_X4_VT16 (A, B, C1, C2, ZN);
  input A;
  input B;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & B & (C1 | C2));
endmodule

module OAI221_X1_VT16 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module OAI221_X2_VT16 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module OAI221_X4_VT16 (A, B1, B2, C1, C2, ZN);
  input A;
  input B1;
  input B2;
  input C1;
  input C2;
  output ZN;
  assign ZN = !(A & (B1 | B2) & (C1 | C2));
endmodule

module MUX2_X1_VT16 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module MUX2_X2_VT16 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module MUX2_X4_VT16 (A, B, S, Z);
  input A;
  input B;
  input S;
  output Z;
  assign Z = (A & !S) | (B & S);
endmodule

module DFF_X1_VT16 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFF_X2_VT16 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFF_X4_VT16 (D, CK, Q);
  input D;
  input CK;
  output Q;
  reg IQ;
  always @(posedge CK) IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X1_VT16 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X2_VT16 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFR_X4_VT16 (D, CK, RN, Q);
  input D;
  input CK;
  input RN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge RN) if (!RN) IQ <= 1'b0; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X1_VT16 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X2_VT16 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module DFFS_X4_VT16 (D, CK, SN, Q);
  input D;
  input CK;
  input SN;
  output Q;
  reg IQ;
  always @(posedge CK or negedge SN) if (!SN) IQ <= 1'b1; else IQ <= D;
  assign Q = IQ;
endmodule

module LATCH_X1_VT16 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module LATCH_X2_VT16 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module LATCH_X4_VT16 (D, G, Q);
  input D;
  input G;
  output Q;
  reg IQ;
  always @* if (G) IQ = D;
  assign Q = IQ;
endmodule

module CLKGATE_X1_VT16 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module CLKGATE_X2_VT16 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module CLKGATE_X4_VT16 (CK, E, SE, GCK);
  input CK;
  input E;
  input SE;
  output GCK;
  reg IQ;
  always @* if (!CK) IQ = E | SE;
  assign GCK = CK & IQ;
endmodule

module TIE0_X1_VT16 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE0_X2_VT16 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE0_X4_VT16 (Z);
  output Z;
  assign Z = 1'b0;
endmodule

module TIE1_X1_VT16 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module TIE1_X2_VT16 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

module TIE1_X4_VT16 (Z);
  output Z;
  assign Z = 1'b1;
endmodule

`endcelldefine
